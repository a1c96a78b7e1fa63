"""How often an operation may be called, and the headers that say so."""

from sandbox.x.state import XState

WINDOW = 900  # seconds: fifteen minutes
PER_USER = {  # requests of one user in a window, from X's page on rate limits
    "POST /2/tweets": 100,
    "GET /2/tweets": 900,
    "DELETE /2/tweets/:id": 50,
    "GET /2/users/me": 75,
    "GET /2/users/:id/tweets": 900,
    "POST /2/media/upload": 500,
    "POST /2/media/metadata": 500,
}
PER_DAY = 10_000  # tweets of one app in 24 hours


def count(state: XState, user: str, operation: str) -> tuple[bool, dict[str, str]]:
    """Count one request: whether it is within the limit, and the headers of its answer."""
    now = state.clock().timestamp()
    limit = state.limits.get(operation, PER_USER[operation])
    start, used = state.windows.get((user, operation), (now, 0))
    if now >= start + WINDOW:
        start, used = now, 0
    within = used < limit
    used += within
    state.windows[user, operation] = (start, used)
    headers = {
        "x-rate-limit-limit": str(limit),
        "x-rate-limit-remaining": str(limit - used),
        "x-rate-limit-reset": str(int(start) + WINDOW),
    }
    return within, headers


def spent(state: XState, user: str, operation: str) -> dict[str, str]:
    """The headers of a 429: nothing remains until the window ends, which is made so if it was not."""
    start, _ = state.windows.get((user, operation), (state.clock().timestamp(), 0))
    limit = state.limits.get(operation, PER_USER[operation])
    return {
        "x-rate-limit-limit": str(limit),
        "x-rate-limit-remaining": "0",
        "x-rate-limit-reset": str(int(start) + WINDOW),
    }
