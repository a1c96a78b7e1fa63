"""A session of `requests`, for the libraries that are built on it: it never waits for ever, and says what went wrong."""

from collections.abc import Callable
from typing import Any

import requests
from urllib3.exceptions import NewConnectionError

from networks.answers import ANSWER, CONNECT, NO_CERTIFICATE, NOT_REACHED
from networks.errors import NetworkDown, NetworkProblem, OutcomeUnknown


class Session(requests.Session):
    """`refused` turns an answer that is no success into one of this project's errors; `whom` names the server to people."""

    def __init__(self, whom: str, refused: Callable[[requests.Response], NetworkProblem]) -> None:
        super().__init__()
        self.whom, self._refused = whom, refused
        self.limits = (CONNECT, ANSWER)  # the libraries set none, or 300 seconds
        self.status = 0  # of the last success: the libraries do not pass it on

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = self.limits
        kwargs["allow_redirects"] = method == "GET"  # a redirected POST would become a GET, and publish nothing
        try:
            answer = super().request(method, url, *args, **kwargs)
        except requests.RequestException as error:
            raise _unanswered(error, self.whom) from error
        if not 200 <= answer.status_code < 300:
            raise self._refused(answer)
        self.status = answer.status_code
        return answer


def elsewhere(answer: requests.Response, whom: str) -> NetworkDown:
    """What it means that a server sends on to another address."""
    return NetworkDown(f"{whom} sends on to {answer.headers.get('Location', 'elsewhere')}; set base_url to it")


def _unanswered(error: requests.RequestException, whom: str) -> NetworkProblem:
    if isinstance(error, requests.exceptions.SSLError) and "EOF" not in str(error):  # an end may come after the request
        return NetworkDown(NO_CERTIFICATE.format(whom))
    cause = error.args[0] if error.args else None
    never = isinstance(getattr(cause, "reason", cause), NewConnectionError)
    if never or isinstance(error, (requests.exceptions.ConnectTimeout, requests.exceptions.InvalidURL)):
        return NetworkDown(NOT_REACHED.format(whom))
    if isinstance(error, requests.exceptions.Timeout):
        return OutcomeUnknown(f"{whom} did not answer in time; look at the account")
    return OutcomeUnknown(f"the connection to {whom} broke before it answered; look at the account")
