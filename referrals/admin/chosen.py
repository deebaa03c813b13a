"""Which program a page of the back office is about."""

from collections.abc import Sequence

from django.http import Http404, QueryDict

from referrals.models import Program


def chosen_of(programs: Sequence[Program], given: QueryDict, *, only: bool = False) -> Program | None:
    """The one of these programs that was asked for, else the first; None where there is none.

    404 for any other where ``only`` what was asked for will do: where the page hands out rows, or keeps words.
    """
    asked = given.get("program", "")
    found = next((program for program in programs if str(program.pk) == asked), None)
    if only and asked and found is None:
        raise Http404
    return found or next(iter(programs), None)
