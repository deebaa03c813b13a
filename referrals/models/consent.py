from django.db import models
from django.utils.translation import gettext_lazy as _

from referrals.models.program import ScopedQuerySet
from referrals.models.referral import Referral


class ConsentQuerySet(ScopedQuerySet):
    program_path = "referral__program"


class Consent(models.Model):
    """Who said yes, to which exact words, when and how."""

    class Who(models.TextChoices):
        ADVOCATE = "advocate", _("the advocate, for the friend")
        FRIEND = "friend", _("the friend")

    referral = models.ForeignKey(Referral, models.CASCADE, related_name="consents")
    who = models.CharField(_("who"), max_length=10, choices=Who)
    words = models.TextField(_("words"))
    given_at = models.DateTimeField(_("given"))

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")

    def __str__(self) -> str:
        return f"{self.get_who_display()}: {self.words}"
