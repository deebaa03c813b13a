from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.template import Purpose


class AlertChoiceQuerySet(models.QuerySet["AlertChoice"]):
    def unwanted_by(self, users: Iterable[int]) -> set[tuple[int, str]]:
        """Person and purpose of the alerts that these people chose not to get."""
        rows = self.filter(user__in=set(users))
        return {
            (row.user_id, purpose)
            for row in rows
            for name, purpose in AlertChoice.PURPOSES.items()
            if not getattr(row, name)
        }


class AlertChoice(models.Model):
    """Which alerts about calls a staff member wants by mail. Whoever chose nothing gets all of them."""

    PURPOSES = {
        "new_friend": Purpose.SALES_ALERT,
        "due_soon": Purpose.CALL_SOON,
        "overdue": Purpose.CALL_OVERDUE,
        "escalated": Purpose.CALL_ESCALATED,
        "friend_back": Purpose.FRIEND_BACK,
    }

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="alerts", verbose_name=_("person")
    )
    new_friend = models.BooleanField(_("a new friend to call"), default=True)
    due_soon = models.BooleanField(_("a call is due in half an hour"), default=True)
    overdue = models.BooleanField(_("a call is overdue"), default=True)
    escalated = models.BooleanField(_("a call nobody made comes to me"), default=True)
    friend_back = models.BooleanField(_("a friend came back to the page"), default=True)

    objects = AlertChoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("alerts of a person")
        verbose_name_plural = _("alerts")

    def __str__(self) -> str:
        return str(self.user)

    @property
    def wanted(self) -> list[Any]:
        """What they get, in words."""
        return [self._meta.get_field(name).verbose_name for name in self.PURPOSES if getattr(self, name)]  # type: ignore[union-attr]
