"""The body of a call, read no further than it may be long and deep."""

import json
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from referrals.api.problems import Problem

LONGEST, LONGEST_BULK = 256 * 1024, 1024 * 1024
DEEPEST = 20


def take_body(request: HttpRequest) -> None:
    """Read the body, once it is known to be JSON and not too long. Raises Problem otherwise."""
    if request.method == "GET":
        return
    if request.content_type != "application/json":
        raise Problem(415, "Send the body as JSON, with the header Content-Type: application/json.")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Problem(415, "Send the body as it is, without compressing it, and without a Content-Encoding.")
    longest = LONGEST_BULK if request.path.endswith("/bulk") else LONGEST
    try:
        length = int(request.headers["Content-Length"])
    except (KeyError, ValueError):
        raise Problem(411, "Say in the header Content-Length how many bytes the body has.") from None
    if length > longest:
        raise Problem(
            413, f"At most {longest:,} bytes are read, and this has {length:,}. Send it in several calls."
        )
    # Django's own limit is that of forms; this is where its body property keeps what was read.
    request._body = request.read(length)


class StrictParser(Parser):
    """JSON as the standard has it, and no deeper than anyone needs."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            body = json.loads(
                request.body, parse_constant=_refuse_constant, object_pairs_hook=_each_name_once
            )
        except RecursionError:
            raise too_deep() from None
        except ValueError as error:
            raise Problem(400, f"This is not valid JSON: {error}. Nothing was done.") from None
        if depth_of(body) > DEEPEST:
            raise too_deep()
        return body


def too_deep() -> Problem:
    return Problem(
        400, f"Lists and objects stand in one another deeper than {DEEPEST} times. Send it flatter."
    )


def depth_of(body: Any) -> int:
    """How deep lists and objects stand in one another, as far as it matters."""
    level, depth = [body], 0
    while level and depth <= DEEPEST:
        nested = [one for one in level if isinstance(one, dict | list)]
        depth += bool(nested)
        level = [inner for one in nested for inner in (one.values() if isinstance(one, dict) else one)]
    return depth


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"the name {json.dumps(twice[:60])} stands twice in one object")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number that JSON has")
