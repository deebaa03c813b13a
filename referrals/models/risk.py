from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from referrals.models.program import Program, ScopedQuerySet
from referrals.models.referral import Referral


class Signal(models.TextChoices):
    """What can look suspicious about a referral."""

    SAME_DEVICE = "same_device", _("advocate and friend used one device and bear one name")
    DISPOSABLE = "disposable", _("the friend's address is of a throw-away provider")
    SAME_BROWSER = "same_browser", _("advocate and friend came from one connection with one browser")
    ALIKE = "alike", _("name and address resemble somebody we know")
    FAST_SALE = "fast_sale", _("the sale came within a minute of the visit")
    SAME_COMPANY = "same_company", _("advocate and friend have addresses of one private domain")
    MANY = "many", _("the advocate names many friends at once")
    ODD_AMOUNT = "odd_amount", _("the amount of the sale is unusual")
    SAME_ADDRESS = "same_address", _("advocate and friend came from one connection")


# What each weighs where a program says nothing else: as in the field, of a hundred.
WEIGHTS = {
    Signal.SAME_DEVICE: 60,
    Signal.DISPOSABLE: 50,
    Signal.SAME_BROWSER: 40,
    Signal.ALIKE: 30,
    Signal.FAST_SALE: 30,
    Signal.SAME_COMPANY: 20,
    Signal.MANY: 20,
    Signal.ODD_AMOUNT: 20,
    Signal.SAME_ADDRESS: 10,
}


class RiskSignal(models.Model):
    """What a suspicious sign weighs in a program; one without a row weighs the usual."""

    program = models.ForeignKey(
        Program, models.CASCADE, related_name="risk_signals", verbose_name=_("program")
    )
    signal = models.CharField(_("sign"), max_length=15, choices=Signal)
    weight = models.PositiveSmallIntegerField(
        _("weight"),
        validators=[MaxValueValidator(100)],
        help_text=_("0 to 100. Zero: it does not matter here."),
    )

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("weight of a suspicious sign")
        verbose_name_plural = _("weights of suspicious signs")
        constraints = [
            models.UniqueConstraint(
                fields=["program", "signal"],
                name="risk_signal_once",
                violation_error_message=_("This sign has a weight in this program already. Change that one."),
            ),
            models.CheckConstraint(condition=models.Q(weight__lte=100), name="risk_weight_of_a_hundred"),
        ]

    def __str__(self) -> str:
        return str(self.get_signal_display())


class RiskAssessmentQuerySet(ScopedQuerySet):
    program_path = "referral__program"


class RiskAssessment(models.Model):
    """What looked suspicious about a referral, and what a person made of it."""

    class Verdict(models.TextChoices):
        COUNTS = "counts", _("it counts")
        DOES_NOT = "does_not", _("it does not count")

    referral = models.OneToOneField(
        Referral, models.CASCADE, related_name="risk", verbose_name=_("referral"), primary_key=True
    )
    score = models.PositiveSmallIntegerField(
        _("score"), help_text=_("0 to 100, of the signs that nobody has judged yet.")
    )
    # One for each sign: what it weighs, what was seen, and whether a person has judged it.
    signs = models.JSONField(_("signs"), default=list)
    assessed_at = models.DateTimeField(_("assessed"))
    verdict = models.CharField(_("decision"), max_length=10, choices=Verdict, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = RiskAssessmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("risk of a referral")
        verbose_name_plural = _("risks of referrals")
        constraints = [models.CheckConstraint(condition=models.Q(score__lte=100), name="risk_of_a_hundred")]

    def __str__(self) -> str:
        return f"{self.referral}: {self.score}"

    def add(self, signs: list[dict[str, Any]]) -> None:
        """Take in signs; one that is known stays as it was seen first."""
        known = {sign["signal"] for sign in self.signs}
        self.signs = [*self.signs, *(sign for sign in signs if sign["signal"] not in known)]
        self.count()

    def judge(self, verdict: str) -> None:
        """Note what a person decided about all signs seen so far; an empty verdict takes it back."""
        self.verdict = verdict
        self.signs = [{**sign, "judged": bool(verdict)} for sign in self.signs]
        self.count()

    def count(self) -> None:
        self.score = min(100, sum(sign["weight"] for sign in self.signs if not sign.get("judged")))
