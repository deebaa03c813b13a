from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from referrals.models.program import Program, ScopedQuerySet


class Membership(models.Model):
    """What a staff member is in a program. Their rows end where their memberships end."""

    class Role(models.TextChoices):
        MANAGER = "manager", _("manager")
        SALES = "sales", _("sales")
        SUPPORT = "support", _("support")
        ANALYST = "analyst", _("analyst")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("person")
    )
    program = models.ForeignKey(
        Program, models.CASCADE, related_name="memberships", verbose_name=_("program")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "program"],
                name="membership_once",
                violation_error_message=_("This person already has a role in this program."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} – {self.get_role_display()}, {self.program}"
