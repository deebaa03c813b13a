from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from referrals.models import Program


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def covering(self, *, keys: set[str], program_id: int | None) -> "SuppressionQuerySet":
        """What stands against writing to these mailboxes about this program."""
        return self.filter(Q(program=None) | Q(program_id=program_id), key__in=keys - {""})


class Suppression(models.Model):
    """A mailbox that wants nothing more. Kept as a hash: it outlives names, imports and backups."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        DECLINED = "declined", _("said no thanks")
        ERASED = "erased", _("asked to be forgotten")
        BOUNCED = "bounced", _("address does not exist")
        COMPLAINED = "complained", _("reported us as spam")
        BY_HAND = "by_hand", _("entered by staff")

    # Against these nothing leaves, not even what is owed.
    FINAL = frozenset({Reason.BOUNCED, Reason.ERASED, Reason.COMPLAINED})

    key = models.CharField(max_length=32, editable=False)
    program = models.ForeignKey(
        Program,
        models.CASCADE,
        null=True,
        blank=True,
        verbose_name=_("program"),
        help_text=_("Empty: every program."),
    )
    reason = models.CharField(_("reason"), max_length=15, choices=Reason)
    created_at = models.DateTimeField(_("since"))

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suppressed mailbox")
        verbose_name_plural = _("suppressed mailboxes")
        constraints = [
            models.UniqueConstraint(
                fields=["key", "program"], condition=Q(program__isnull=False), name="suppression_once"
            ),
            models.UniqueConstraint(
                fields=["key"], condition=Q(program=None), name="suppression_once_everywhere"
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_reason_display())
