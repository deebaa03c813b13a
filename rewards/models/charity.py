from django.db import models
from django.utils.translation import gettext_lazy as _

from referrals.models import Program
from referrals.models.program import ScopedQuerySet
from referrals.models.translated import Translated


class Charity(Translated):
    """A cause that people may give their reward to."""

    TRANSLATED = ("about",)

    program = models.ForeignKey(Program, models.CASCADE, related_name="charities", verbose_name=_("program"))
    name = models.CharField(_("name"), max_length=80)
    about = models.CharField(_("what it does"), max_length=200, blank=True)
    active = models.BooleanField(_("active"), default=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("charity")
        verbose_name_plural = _("charities")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["program", "name"], name="charity_once")]

    def __str__(self) -> str:
        return self.name
