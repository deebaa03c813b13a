"""What the API answers when it does not do what was asked: RFC 9457, with what to change."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from ninja import Field, Schema

# What each status means here: the last part of its type, and its title.
KINDS = {
    400: ("unreadable", "The call cannot be read"),
    401: ("no-key", "The key is missing or not valid"),
    403: ("no-right", "The key may not do this"),
    404: ("not-found", "There is no such thing"),
    405: ("method", "This address does not take this method"),
    409: ("conflict", "This does not go with what is there"),
    411: ("no-length", "The length of the body is missing"),
    413: ("too-large", "The body is too large"),
    415: ("not-json", "The body is not JSON"),
    422: ("invalid", "Something in it is not right"),
    429: ("too-many-calls", "Too many calls"),
    500: ("broken", "Something broke here"),
    503: ("unavailable", "The service is not available"),
}
NO_FIELD = "There is no such field. Correct its name, or leave it out; /api/v1/docs names them all."


class Wrong(Schema):
    """One thing to change."""

    pointer: str = Field(
        "", description="Where in the body, as a JSON pointer (RFC 6901); empty for the whole."
    )
    parameter: str = Field("", description="Which parameter of the address, if it is in no body.")
    detail: str = Field(description="What is wrong with it, and what to do.")


class ProblemOut(Schema):
    """Why something was not done. Nothing of it was."""

    type: str = Field(description="Names the kind of problem; the same for all of a kind.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened here, and what to change.")
    errors: list[Wrong] = Field([], description="Each thing to change.")


class Problem(Exception):
    """Ends a call with this answer; what it did in its transaction is undone."""

    def __init__(
        self, status: int, detail: Any, *, errors: Sequence[dict[str, str]] = (), **headers: str
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, str(detail), errors, headers

    def answer(self) -> HttpResponse:
        kind, title = KINDS[self.status]
        body = {
            "type": f"urn:goodword:problem:{kind}",
            "title": title,
            "status": self.status,
            "detail": self.detail,
            "errors": list(self.errors),
        }
        response = HttpResponse(json.dumps(body), status=self.status, content_type="application/problem+json")
        response["Cache-Control"] = "no-store"
        for name, value in self.headers.items():
            response[name.replace("_", "-")] = value
        return response


def not_found(what: str) -> Problem:
    """The same for what is not there and for what belongs to another program."""
    return Problem(404, f"No {what} of this program has this id. Use an id as the API gave it.")


def invalid(errors: Sequence[dict[str, str]]) -> Problem:
    """These are to be changed."""
    return Problem(422, "Nothing was done. Change what is named in “errors”.", errors=errors)


def as_a_whole(why: Any) -> list[dict[str, str]]:
    """What is wrong with all of it, and with no one field."""
    return [{"pointer": "", "detail": str(why)}]


def wrongs_of(errors: Iterable[Any], before: str = "") -> list[dict[str, str]]:
    """What pydantic found, as JSON pointers; ``before`` is where what it read stands in the body."""
    return [{"pointer": pointer_to(one["loc"], before), "detail": words_of(one)} for one in errors]


def words_of(error: Mapping[str, Any]) -> str:
    """What is wrong, as pydantic or one of our cleaners says it; a field too many, as we would."""
    return NO_FIELD if error["type"] == "extra_forbidden" else str(error["msg"])


def pointer_to(place: Iterable[Any], before: str = "") -> str:
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in place)
    return before + "".join(f"/{step}" for step in steps)
