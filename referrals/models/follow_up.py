from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Avg, Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import TruncDate, TruncHour
from django.utils.translation import gettext_lazy as _

from referrals.models.absence import Absence
from referrals.models.conversion import Conversion
from referrals.models.program import Program, ScopedQuerySet
from referrals.models.referral import Referral


class FollowUpQuerySet(ScopedQuerySet):
    program_path = "referral__program"

    def open(self) -> "FollowUpQuerySet":
        return self.filter(done_at=None)

    def to_make(self) -> "FollowUpQuerySet":
        """Open, and nobody has to decide about the friend first."""
        return self.open().exclude(referral__status=Referral.Status.UNDER_REVIEW)

    def overdue(self, now: datetime) -> "FollowUpQuerySet":
        return self.open().filter(due_at__lt=now)

    def left_behind(self, now: datetime) -> "FollowUpQuerySet":
        """Calls of somebody who works here no more, or who is away until after the call is due."""
        away = Absence.objects.on(now.date()).filter(
            user=OuterRef("owner"), last_day__gte=OuterRef("due_day")
        )
        return self.annotate(due_day=TruncDate("due_at")).filter(Exists(away) | Q(owner__is_active=False))

    @staticmethod
    def due_today(programs: Iterable[Program], now: datetime) -> Q:
        """Due before the day is over, each in its own program's zone."""
        found = Q(pk__in=[])
        zones: dict[str, list[Program]] = {}
        for program in programs:
            zones.setdefault(program.timezone, []).append(program)
        for together in zones.values():
            tomorrow = together[0].local(now).date() + timedelta(days=1)
            midnight = datetime.combine(tomorrow, time(0), together[0].zone)
            found |= Q(referral__program__in=together, due_at__lt=midnight)
        return found

    def for_caller(self, user: Any, programs: Any) -> "FollowUpQuerySet":
        """What this person may call now: their own, and those that nobody has."""
        nobodys = Q(owner=None, referral__program__in=programs)
        return self.to_make().filter(Q(owner=user, referral__program__in=programs) | nobodys)

    def for_queue(self) -> "FollowUpQuerySet":
        """With all that a call's line says, in one query: the people, how often it was tried, and what the
        friends of this advocate bought so far, on average (minor units)."""
        before = FollowUp.objects.filter(referral=OuterRef("referral"), outcome=FollowUp.Outcome.NO_ANSWER)
        bought = Conversion.objects.filter(
            referral__enrolment=OuterRef("referral__enrolment"),
            currency=OuterRef("referral__program__currency"),
            reversed_at=None,
        )
        counted = before.order_by().values("referral").annotate(n=Count("pk")).values("n")
        mean = bought.order_by().values("referral__enrolment").annotate(n=Avg("amount")).values("n")
        people = ("referral__program", "referral__enrolment__advocate", "owner")
        return self.select_related(*people).annotate(tries=Subquery(counted), worth=Subquery(mean))

    def best_first(self) -> "FollowUpQuerySet":
        """By the hour in which they are due; within the hour the better fit, then the greater value."""
        return self.order_by(
            TruncHour("due_at"), F("referral__fit").desc(nulls_last=True), F("worth").desc(nulls_last=True),
            "due_at", "pk",
        )  # fmt: skip

    def most_urgent_first(self) -> "FollowUpQuerySet":
        return self.order_by("due_at", "pk")


class FollowUp(models.Model):
    """Whom to call, by when, and what came of it."""

    class Outcome(models.TextChoices):
        REACHED = "reached", _("reached, talking")
        QUALIFIED = "qualified", _("good fit, going on")
        NO_ANSWER = "no_answer", _("not reached")
        NOT_READY = "not_ready", _("not ready yet")
        NOT_INTERESTED = "not_interested", _("not interested")
        NOT_A_FIT = "not_a_fit", _("not a fit")
        WRONG_PERSON = "wrong_person", _("wrong person or number")
        GIVEN_UP = "given_up", _("could not be reached")
        SOLD = "sold", _("sold")
        OVERTAKEN = "overtaken", _("settled otherwise")

    class Told(models.IntegerChoices):
        """What staff have been told about a call that was not made."""

        NOTHING = 0, _("nothing")
        DUE_SOON = 1, _("due soon")
        OVERDUE = 2, _("overdue")
        ESCALATED = 3, _("escalated")

    referral = models.ForeignKey(
        Referral, models.CASCADE, related_name="follow_ups", verbose_name=_("referral")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("who calls"),
        related_name="follow_ups",
    )
    due_at = models.DateTimeField(_("call by"))
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    outcome = models.CharField(_("outcome"), max_length=15, choices=Outcome, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    # Begins anew when the call gets another time.
    told = models.PositiveSmallIntegerField(choices=Told, default=Told.NOTHING, editable=False)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        constraints = [
            models.UniqueConstraint(
                fields=["referral"], condition=Q(done_at=None), name="follow_up_one_open"
            ),
        ]
        indexes = [
            # whom to call now: the queue, the home page, the digest
            models.Index(fields=["due_at"], condition=Q(done_at=None), name="follow_up_due"),
            # about which of them staff have not been told yet: looked for every few minutes
            models.Index(fields=["told", "due_at"], condition=Q(done_at=None), name="follow_up_told"),
            # my calls
            models.Index(fields=["owner", "due_at"], condition=Q(done_at=None), name="follow_up_owner"),
        ]

    def __str__(self) -> str:
        return str(self.referral)
