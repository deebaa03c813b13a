from django.db import models
from django.utils.translation import gettext_lazy as _

from referrals.models.program import Program, ScopedQuerySet


class Channel(models.Model):
    """A way a recommendation travels; each has its own trackable link (``?c=<slug>``)."""

    program = models.ForeignKey(Program, models.CASCADE, related_name="channels", verbose_name=_("program"))
    slug = models.SlugField(_("short name"), max_length=20, help_text=_("Stands in the link."))
    name = models.CharField(_("name"), max_length=40)
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    active = models.BooleanField(_("active"), default=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["program", "slug"], name="channel_once")]

    def __str__(self) -> str:
        return self.name
