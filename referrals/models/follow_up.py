from collections.abc import Iterable
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from referrals.models.program import Program, ScopedQuerySet
from referrals.models.referral import Referral


class FollowUpQuerySet(ScopedQuerySet):
    program_path = "referral__program"

    def open(self) -> "FollowUpQuerySet":
        return self.filter(done_at=None)

    def overdue(self, now: datetime) -> "FollowUpQuerySet":
        return self.open().filter(due_at__lt=now)

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

    def most_urgent_first(self) -> "FollowUpQuerySet":
        return self.order_by("due_at", "pk")


class FollowUp(models.Model):
    """Whom to call, by when, and what came of it."""

    class Outcome(models.TextChoices):
        REACHED = "reached", _("reached, talking")
        QUALIFIED = "qualified", _("good fit, going on")
        NO_ANSWER = "no_answer", _("not reached")
        NOT_INTERESTED = "not_interested", _("not interested")
        WRONG_PERSON = "wrong_person", _("wrong person or number")
        OVERTAKEN = "overtaken", _("settled otherwise")

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
        ]

    def __str__(self) -> str:
        return str(self.referral)
