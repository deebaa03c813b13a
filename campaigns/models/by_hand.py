from django.utils.translation import gettext_lazy as _

from campaigns.models.message import Message


class ByHand(Message):
    """A message that its sender takes into their own mail program, or has taken."""

    class Meta:
        proxy = True
        verbose_name = _("message to send by hand")
        verbose_name_plural = _("to send by hand")
