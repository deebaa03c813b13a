from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from campaigns.models.template import Purpose
from referrals.models import Advocate, Program
from referrals.models.program import ScopedQuerySet


class CallTaskQuerySet(ScopedQuerySet):
    def open(self) -> "CallTaskQuerySet":
        return self.filter(done_at=None)

    def due(self, now: datetime) -> "CallTaskQuerySet":
        return self.open().filter(due_at__lte=now)

    def most_urgent_first(self) -> "CallTaskQuerySet":
        return self.order_by("due_at", "pk")


class CallTask(models.Model):
    """An advocate to ask by phone: whom, by when, who calls, and what came of it."""

    class Origin(models.TextChoices):
        FINDER = "finder", _("whom to ask next")
        PLAN = "plan", _("a plan")
        UNHAPPY = "unhappy", _("they are not satisfied")
        BY_HAND = "by_hand", _("a colleague")

    class Outcome(models.TextChoices):
        AGREED = "agreed", _("said yes")
        NOT_NOW = "not_now", _("not now")
        DECLINED = "declined", _("said no")
        NO_ANSWER = "no_answer", _("not reached")
        HEARD = "heard", _("heard them out")
        OVERTAKEN = "overtaken", _("settled otherwise")

    # Made before the row is stored, so that whoever stores many knows which were new.
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    program = models.ForeignKey(Program, models.CASCADE, related_name="call_tasks", verbose_name=_("program"))
    advocate = models.ForeignKey(
        Advocate, models.CASCADE, related_name="call_tasks", verbose_name=_("advocate")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("who calls"),
        related_name="call_tasks",
    )
    purpose = models.CharField(_("script"), max_length=20, choices=Purpose, default=Purpose.CALL_SCRIPT)
    origin = models.CharField(_("proposed by"), max_length=10, choices=Origin)
    reason = models.CharField(_("why them"), max_length=200, blank=True)
    # A key of whoever made it: the same one again makes no second call.
    key = models.CharField(max_length=120, null=True, unique=True, editable=False)  # noqa: DJ001 - null is no key
    due_at = models.DateTimeField(_("call by"))
    created_at = models.DateTimeField(_("written"))
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    next_at = models.DateTimeField(_("call again"), null=True, blank=True)

    objects = CallTaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("call to an advocate")
        verbose_name_plural = _("calls to advocates")
        constraints = [
            # Nobody is called twice for the same thing.
            models.UniqueConstraint(
                fields=["program", "advocate"], condition=Q(done_at=None), name="call_task_one_open"
            ),
        ]
        indexes = [
            # whom to call now: the queue
            models.Index(fields=["due_at"], condition=Q(done_at=None), name="call_task_due"),
            # what a program's calls came to
            models.Index(fields=["program", "-done_at"], name="call_task_done"),
        ]

    def __str__(self) -> str:
        return str(self.advocate)
