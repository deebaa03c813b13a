from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models.plan import OutreachPlan
from referrals.many import save_many
from referrals.models import Advocate, Event, Referral
from referrals.models.program import ScopedQuerySet


class AskQuerySet(ScopedQuerySet):
    program_path = "plan__program"

    def open(self) -> "AskQuerySet":
        """Rounds that go on, or have yet to begin."""
        return self.filter(ended_at=None)

    def running(self) -> "AskQuerySet":
        return self.open().filter(started_at__isnull=False)

    def due(self, now: datetime) -> "AskQuerySet":
        return self.open().filter(due_at__lte=now)

    def insert_from(self, select: QuerySet[Any, Any], columns: Sequence[str]) -> int:
        """Store one ask for each row of ``select``, whose values are these columns, in one statement however
        many; a round that is there already is left alone. Returns how many are new."""
        try:
            sql, params = select.query.get_compiler(connection=connection).as_sql()
        except EmptyResultSet:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {Ask._meta.db_table} ({', '.join(columns)}) {sql} ON CONFLICT DO NOTHING",
                params,
            )
            return cursor.rowcount

    def save_moved(self, rows: Sequence["Ask"], columns: Sequence[str]) -> None:
        """Save these columns of rows that somebody holds locked."""
        save_many(rows, columns)

    def end(self, reason: str, *, now: datetime) -> int:
        """Close these rounds, those that are open; nothing more comes of them."""
        return self.open().update(ended_at=now, end_reason=reason)


class Ask(models.Model):
    """One round of one plan with one person: waiting for its moment, going on, or over."""

    class End(models.TextChoices):
        REFERRED = "referred", _("recommended somebody")
        DECLINED = "declined", _("said no")
        UNSUBSCRIBED = "unsubscribed", _("wants no mail")
        BOUNCED = "bounced", _("address does not exist")
        CLICKED = "clicked", _("opened the link")
        ANSWERED = "answered", _("answered")
        DONE = "done", _("all steps taken")
        TOO_LATE = "too_late", _("the moment has passed")
        HELD_OUT = "held_out", _("left out on purpose, to compare")
        UNWANTED = "unwanted", _("wants no messages of this kind")
        WAY = "way", _("does not want to be written to this way")
        UNSATISFIED = "unsatisfied", _("not satisfied enough")
        NOT_WARM = "not_warm", _("not warm enough for an automatic message")
        NOT_SENT = "not_sent", _("nobody sent the message by hand")
        FAILED = "failed", _("the message could not be sent")
        NO_ADDRESS = "no_address", _("no address")
        OUT = "out", _("not in the segment")
        RESTING = "resting", _("asked not long ago")
        STOPPED = "stopped", _("stopped by staff")

    plan = models.ForeignKey(OutreachPlan, models.CASCADE, related_name="asks", verbose_name=_("plan"))
    # Its index stands below.
    advocate = models.ForeignKey(
        Advocate, models.PROTECT, db_index=False, related_name="asks", verbose_name=_("advocate")
    )
    referral = models.ForeignKey(
        Referral, models.PROTECT, null=True, blank=True, related_name="asks", verbose_name=_("friend")
    )
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    event = models.ForeignKey(
        Event, models.SET_NULL, null=True, blank=True, db_index=False, related_name="+", editable=False
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    # What it counts from: the happening, or when somebody picked the person.
    since = models.DateTimeField(_("since"))
    position = models.PositiveSmallIntegerField(_("next step"), default=1)
    due_at = models.DateTimeField(_("due"))
    touches = models.PositiveSmallIntegerField(_("messages"), default=0)
    touched_at = models.DateTimeField(_("last message"), null=True, blank=True)
    started_at = models.DateTimeField(_("begun"), null=True, blank=True)
    clicked_at = models.DateTimeField(_("opened the link"), null=True, blank=True)
    ended_at = models.DateTimeField(_("over"), null=True, blank=True)
    end_reason = models.CharField(_("why"), max_length=15, choices=End, blank=True)

    objects = AskQuerySet.as_manager()

    class Meta:
        verbose_name = _("ask")
        verbose_name_plural = _("asks")
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "advocate", "round"],
                condition=Q(referral=None),
                name="ask_once_a_round",
            ),
            models.UniqueConstraint(
                fields=["plan", "referral", "round"],
                condition=Q(referral__isnull=False),
                name="ask_friend_once_a_round",
            ),
            # One round at a time, whatever the plan.
            models.UniqueConstraint(
                fields=["advocate"],
                condition=Q(referral=None, started_at__isnull=False, ended_at=None),
                name="ask_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | ~Q(end_reason=""), name="ask_that_is_over_says_why"
            ),
        ]
        indexes = [
            # what the planner claims next
            models.Index(fields=["plan", "due_at"], condition=Q(ended_at=None), name="ask_due"),
            # when was this person asked last? the rest between rounds; their page
            models.Index(fields=["advocate", "-started_at"], name="ask_advocate"),
            # the funnel of a plan, and how many rounds began today
            models.Index(fields=["plan", "started_at"], name="ask_plan_started"),
            # a friend's nurture plan, which stops when they answer
            models.Index(
                fields=["referral"], condition=Q(referral__isnull=False, ended_at=None), name="ask_friend"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.referral or self.advocate} · {self.plan}"

    @property
    def state(self) -> str:
        """waiting, running or ended."""
        if self.ended_at:
            return "ended"
        return "running" if self.started_at else "waiting"
