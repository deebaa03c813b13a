from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from referrals.models.program import Program, ScopedQuerySet


class Lead(models.Model):
    """Somebody who came otherwise than by a recommendation: only when, from where, and how long they waited.

    No name and no address: it is here to be counted beside recommended friends, and for nothing else.
    """

    program = models.ForeignKey(Program, models.CASCADE, related_name="leads", db_index=False)
    external_id = models.CharField(_("number in the other system"), max_length=80)
    source = models.CharField(_("source"), max_length=60, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who calls"),
    )
    submitted_at = models.DateTimeField(_("received"))
    contacted_at = models.DateTimeField(_("first talked with"), null=True, blank=True)
    contact_minutes = models.PositiveIntegerField(_("waited (minutes of office time)"), null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("other lead")
        verbose_name_plural = _("other leads")
        constraints = [
            models.UniqueConstraint(fields=["program", "external_id"], name="lead_once"),
            models.CheckConstraint(
                condition=Q(contacted_at=None) | Q(contacted_at__gte=F("submitted_at")),
                name="lead_contacted_after_it_came",
            ),
        ]
        # how fast we call: other leads of a program by when they came
        indexes = [models.Index(fields=["program", "submitted_at"], name="lead_program_came")]

    def __str__(self) -> str:
        return self.external_id
