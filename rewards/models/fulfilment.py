from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from referrals.models.program import ScopedQuerySet
from rewards.models.reward import Reward


class FulfilmentCallQuerySet(ScopedQuerySet):
    program_path = "reward__program"

    def due(self, now: datetime) -> "FulfilmentCallQuerySet":
        """Calls to make now, and those whose caller never came back to say how it went."""
        return self.filter(status=FulfilmentCall.Status.WAITING, due_at__lte=now)

    def needing_attention(self) -> "FulfilmentCallQuerySet":
        return self.filter(status=FulfilmentCall.Status.FAILED)


class FulfilmentCall(models.Model):
    """Asking another system to hand a reward out: the outbox of signed calls, one row a reward.

    A call may be made again after a crash; its ``webhook-id`` is the reward's key each time, so that the
    other system can tell a repeat.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        FAILED = "failed", _("given up")

    reward = models.OneToOneField(
        Reward, models.PROTECT, related_name="fulfilment_call", verbose_name=_("reward")
    )
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.WAITING)
    # While a call is under way this lies ahead: whoever moved it there makes the call.
    due_at = models.DateTimeField(_("due"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    answer = models.CharField(_("what happened"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("since"))

    objects = FulfilmentCallQuerySet.as_manager()

    class Meta:
        verbose_name = _("fulfilment call")
        verbose_name_plural = _("fulfilment calls")
        indexes = [
            # what to call next
            models.Index(fields=["due_at"], condition=Q(status="waiting"), name="fulfilment_due"),
        ]

    def __str__(self) -> str:
        return str(self.reward)
