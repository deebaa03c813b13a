"""The one way to change a status: lock, check the model's table, update, record, announce."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Self

from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from referrals.models.program import ScopedQuerySet


class Refused(Exception):
    """A step that the rules do not allow; its text can be shown to a person."""


class Moved(NamedTuple):
    """What an ``advance()`` did: rows that moved, and rows whose status did not allow it."""

    moved: list[Any]
    refused: list[Any]


class StatusQuerySet(ScopedQuerySet):
    """Rows whose status changes only along ``Model.TRANSITIONS``."""

    def advance(
        self, to: str, *, now: datetime, by: Any = None, reason: str = "", note: str = "", **changes: Any
    ) -> Moved:
        """Move every row that may go ``to`` there, and record each step.

        ``by`` is the staff user who decided, or None for the product itself. ``changes`` are further
        columns to set, the same for all rows. Rows that may not move are returned, not raised.
        """
        with transaction.atomic():
            keys = list(self.order_by("pk").values_list("pk", flat=True))
            told = self.model._default_manager.select_related(*self.model.TOLD_WITH)
            # No key lock: rows that name these ones may be stored meanwhile, or two steps would deadlock.
            locked = told.filter(pk__in=keys).select_for_update(of=("self",), no_key=True)
            rows = list(locked.order_by("pk"))
            result = self.move_locked(rows, to, now=now, reason=reason, note=note, **changes)
            if result.moved:
                self.announce(result.moved, now=now, by=by)
            return result

    def move_locked(
        self, rows: Sequence[Any], to: str, *, now: datetime, reason: str = "", note: str = "", **changes: Any
    ) -> Moved:
        """``advance()`` for rows that the caller has locked, and whose steps the caller records."""
        moved = [row for row in rows if row.may_become(to)]
        refused = [row for row in rows if not row.may_become(to)]
        changes |= {"status": to, "status_at": now, "status_reason": reason, "status_note": note}
        counted = {name: F(name) + 1 for name in self.model.COUNTING}
        self.model._default_manager.filter(pk__in=[row.pk for row in moved]).update(**changes, **counted)
        for row in moved:
            row.status_before = row.status
            for name, value in changes.items():
                setattr(row, name, value)
            for name in counted:
                setattr(row, name, getattr(row, name) + 1)
        return Moved(moved, refused)

    def announce(self, moved: Sequence[Any], *, now: datetime, by: Any) -> None:
        """Record what happened to the rows that moved; each model says how."""
        raise NotImplementedError


class WithStatus(models.Model):
    """A row with a status, the moment it got it, and why."""

    Status: ClassVar[type[models.TextChoices]]
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {}
    # Columns that count the steps.
    COUNTING: ClassVar[tuple[str, ...]] = ()
    # Related rows that the announcement of a step needs.
    TOLD_WITH: ClassVar[tuple[str, ...]] = ()

    status: "models.CharField[str, str]"
    status_at = models.DateTimeField()
    status_reason = models.CharField(max_length=40, blank=True)
    status_note = models.CharField(max_length=300, blank=True)
    status_before: str
    # Why a step left this row where it was, where there is more to say than its status.
    refusal = ""

    class Meta:
        abstract = True

    def may_become(self, to: str) -> bool:
        """Whether the transition table allows this step."""
        return to in self.TRANSITIONS.get(self.status, set())

    def advance(self, to: str, *, now: datetime, by: Any = None, reason: str = "", note: str = "") -> Self:
        """Move this row ``to`` another status. Raises Refused with a sentence when it may not go there."""
        rows: StatusQuerySet = type(self)._default_manager.filter(pk=self.pk)  # type: ignore[assignment]
        if rows.advance(to, now=now, by=by, reason=reason, note=note).refused:
            self.refresh_from_db(fields=["status"])
            raise self.refused(to)
        self.refresh_from_db()
        return self

    def refused(self, to: str) -> Refused:
        """Why this row may not go ``to`` that status."""
        labels = dict(type(self).Status.choices)
        return Refused(
            _("It is “%(is)s” now and cannot become “%(to)s” from there.")
            % {"is": labels.get(self.status, self.status), "to": labels.get(to, to)}
        )
