from django.utils.translation import gettext_lazy as _

from campaigns.models.message import Message


class HeldBack(Message):
    """A message that was due and did not leave, at least not then: the log of who is left in peace, and why."""

    class Meta:
        proxy = True
        verbose_name = _("message held back")
        verbose_name_plural = _("held back")
