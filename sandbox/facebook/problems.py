"""The refusals of the Graph API, as it writes them: an error object with a code, which says more than the status."""

from sandbox.store import Json


class Problem(Exception):
    """An answer that is no success."""

    def __init__(
        self, status: int, code: int, message: str, kind: str = "OAuthException", subcode: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        error: Json = {"message": message, "type": kind, "code": code}
        error |= {} if subcode is None else {"error_subcode": subcode}
        self.body: Json = {"error": error | {"fbtrace_id": "AsandboxTraceId"}}


def token_ended() -> Problem:
    """190"""
    return Problem(400, 190, "Error validating access token: The session has been invalidated.", subcode=460)


def not_permitted() -> Problem:
    """200"""
    return Problem(403, 200, "(#200) The user hasn't authorized the application to perform this action")


def no_such_object(page_id: str) -> Problem:
    """100 with subcode 33, for a Page that is not the token's"""
    return Problem(
        400,
        100,
        f"Unsupported post request. Object with ID '{page_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation",
        "GraphMethodException",
        33,
    )


def invalid(message: str) -> Problem:
    """100"""
    return Problem(400, 100, f"(#100) {message}")


def duplicate() -> Problem:
    """506"""
    return Problem(400, 506, "(#506) Duplicate status message")


def no_picture() -> Problem:
    """324"""
    return Problem(400, 324, "(#324) Requires upload file")


def unfit_picture() -> Problem:
    """100 with subcode 1366046, for a photo that is too large or of another kind"""
    said = "Your photos couldn't be uploaded. Photos should be less than 4 MB and saved as JPG, PNG, GIF, TIFF, HEIF or WebP files."
    problem = Problem(400, 100, "Invalid parameter", subcode=1_366_046)
    problem.body["error"] |= {"is_transient": False, "error_user_title": "Can't Read Files", "error_user_msg": said}
    return problem


def too_many() -> Problem:
    """32"""
    return Problem(403, 32, "(#32) Page request limit reached")


def internal() -> Problem:
    """2, of which nobody knows whether something was done"""
    return Problem(500, 2, "An unexpected error has occurred. Please retry your request later.")
