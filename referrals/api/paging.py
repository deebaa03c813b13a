"""Lists, page by page: oldest first, so that whoever asks again from the last cursor gets what is new."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet, UUIDField
from ninja import Field, Schema
from pydantic import field_validator

from referrals.api.fields import wrong
from referrals.api.problems import Problem
from referrals.public_ids import pk_of, public_id

MOST = 100


class Paged(Schema):
    """Which part of a list."""

    limit: int = Field(50, ge=1, le=MOST, description="How many at most.")
    cursor: str = Field("", max_length=60, description="“next” of the page before; empty for the first page.")

    @field_validator("*", mode="before")
    @classmethod
    def has_no_null(cls, value: Any) -> Any:
        # No row has one, and PostgreSQL does not even look for it.
        if isinstance(value, str) and "\0" in value:
            raise wrong("Leave out the null character.")
        return value


class Page(Schema):
    """Part of a list, oldest first."""

    next: str | None = Field(
        None,
        description="The cursor of what follows; null at the end. Ask with it again later for what is new.",
    )


def page_of(rows: "QuerySet[Any]", asked: Paged) -> tuple[list[Any], str | None]:
    """As many of the rows as were asked for, by primary key, and the cursor of the page after."""
    if asked.cursor:
        rows = rows.filter(pk__gt=_read(rows, asked.cursor))
    found = list(rows.order_by("pk")[: asked.limit + 1])
    more = len(found) > asked.limit
    return found[: asked.limit], _write(found[asked.limit - 1].pk) if more else None


def _write(pk: int | UUID) -> str:
    return f"cur_{pk.hex}" if isinstance(pk, UUID) else public_id("cur", pk)


def _read(rows: "QuerySet[Any]", cursor: str) -> int | UUID:
    pk: int | UUID | None
    if isinstance(rows.model._meta.pk, UUIDField):
        try:
            pk = UUID(cursor.removeprefix("cur_"))
        except ValueError:
            pk = None
    else:
        pk = pk_of("cur", cursor)
    if pk is None:
        error = {"parameter": "cursor", "detail": "Send “next” of the page before, or none."}
        raise Problem(422, "This is no cursor of this list.", errors=[error])
    return pk
