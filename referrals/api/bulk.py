"""Many things in one call: all of them or none, or each for itself."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from django.http import HttpResponse
from ninja import Field, Schema
from pydantic import ValidationError

from referrals.api.answers import answer
from referrals.api.fields import Given
from referrals.api.problems import Wrong, invalid, wrongs_of

MOST = 1000
One = TypeVar("One", bound=Given)


class BulkIn(Given):
    mode: Literal["all_or_nothing", "per_row"] = Field(
        "all_or_nothing",
        description="Whether one that cannot be done leaves all undone, or only itself.",
    )


class Result(Schema):
    """What became of one item."""

    status: int = Field(description="As if it had been sent alone.", examples=[201])
    id: str | None = Field(None, description="Of the thing that is there now.")
    errors: list[Wrong] = Field([], description="What to change about it.")


class BulkOut(Schema):
    """What became of each item, in their order."""

    results: list[Result]


def read_items(
    items: Sequence[Any], model: type[One]
) -> tuple[dict[int, One], dict[int, list[dict[str, str]]]]:
    """The items that can be read, by their place, and what is wrong with the others."""
    read: dict[int, One] = {}
    wrong: dict[int, list[dict[str, str]]] = {}
    for number, item in enumerate(items):
        try:
            read[number] = model.model_validate(item)
        except ValidationError as error:
            wrong[number] = wrongs_of(
                error.errors(include_url=False, include_input=False, include_context=False)
            )
    return read, wrong


def bulk_answer(
    body: BulkIn,
    done: Mapping[int, tuple[int, str | None]],
    unread: dict[int, list[dict[str, str]]],
    refused: Mapping[int, list[dict[str, str]]] | None = None,
) -> HttpResponse:
    """The answer: status and id of each that was done, what is wrong with each that was not, and why each that could
    be read was ``refused``.

    Raises Problem, which undoes everything, if all or nothing was wanted and something is wrong.
    """
    no = dict(refused or {})
    wrong = unread | no
    if wrong and body.mode == "all_or_nothing":
        raise invalid(
            [one | {"pointer": f"/items/{n}{one['pointer']}"} for n in sorted(wrong) for one in wrong[n]]
        )
    found = {n: Result.model_construct(status=status, id=pk) for n, (status, pk) in done.items()}
    found |= {
        n: Result.model_construct(status=409 if n in no else 422, errors=[Wrong(**one) for one in errors])
        for n, errors in wrong.items()
    }
    return answer(BulkOut.model_construct(results=[found[n] for n in sorted(found)]))
