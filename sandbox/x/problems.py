"""The refusals of the X API, as it writes them: RFC 7807 problem details."""

from sandbox.store import Json

INVALID_REQUEST = "https://api.twitter.com/2/problems/invalid-request"


class Problem(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(body.get("detail"))
        self.status, self.body = status, body


def plain(status: int, title: str, detail: str) -> Problem:
    """A problem without a type of its own."""
    return Problem(status, {"title": title, "detail": detail, "type": "about:blank", "status": status})


def unauthorized() -> Problem:
    """401"""
    return plain(401, "Unauthorized", "Unauthorized")


def forbidden(detail: str) -> Problem:
    """403"""
    return Problem(403, {"detail": detail, "type": "about:blank", "title": "Forbidden", "status": 403})


def duplicate() -> Problem:
    """403 for a text that this account has posted before"""
    return forbidden("You are not allowed to create a Tweet with duplicate content.")


def too_long() -> Problem:
    """403 for a text above the weighted length"""
    return forbidden(
        "Your Tweet text is too long. For more information on how Twitter determines text length see "
        "https://github.com/twitter/twitter-text."
    )


def invalid(parameter: str, value: object, message: str) -> Problem:
    """400 with the parameter that is wrong"""
    return Problem(
        400,
        {
            "errors": [{"parameters": {parameter: [str(value)]}, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": INVALID_REQUEST,
        },
    )


def too_many() -> Problem:
    """429"""
    return plain(429, "Too Many Requests", "Too Many Requests")


def no_credits(account_id: str) -> Problem:
    """402"""
    return Problem(
        402,
        {
            "account_id": int(account_id),
            "title": "CreditsDepleted",
            "detail": f"Your enrolled account [{account_id}] does not have any credits to fulfill this request.",
            "type": "https://api.twitter.com/2/problems/credits",
        },
    )


def internal() -> Problem:
    """500"""
    return plain(500, "Internal Server Error", "Something is broken. This is an error on our side.")


def not_found(tweet_id: str) -> Json:
    """What stands under `errors` of an answer that has the rest"""
    return {
        "value": tweet_id,
        "detail": f"Could not find tweet with ids: [{tweet_id}].",
        "title": "Not Found Error",
        "resource_type": "tweet",
        "parameter": "ids",
        "resource_id": tweet_id,
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    }
