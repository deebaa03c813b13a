"""How far a request to somebody else's API got."""

from requests import RequestException
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError


def never_left(error: BaseException | None) -> bool:
    """Whether the other side was not reached at all, so that it cannot have taken anything."""
    while isinstance(error, RequestException):
        first = error.args[0] if error.args else None
        if isinstance(getattr(first, "reason", first), ConnectTimeoutError | NewConnectionError):
            return True
        error = error.__cause__
    return False
