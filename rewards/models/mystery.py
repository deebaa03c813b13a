from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from referrals.models.program import ScopedQuerySet
from rewards.draws import commitment, new_seed
from rewards.models.incentive import Incentive


class MysteryBoxQuerySet(ScopedQuerySet):
    program_path = "incentive__program"


class MysteryBox(models.Model):
    """What a mystery gift may turn out to be. The seed decides; its hash is public from the start."""

    incentive = models.OneToOneField(
        Incentive, models.CASCADE, related_name="box", verbose_name=_("mystery gift")
    )
    seed = models.CharField(max_length=64, default=new_seed, editable=False)
    revealed_at = models.DateTimeField(_("seed published"), null=True, blank=True, editable=False)

    objects = MysteryBoxQuerySet.as_manager()
    # Why a step left it as it is.
    refusal = ""

    class Meta:
        verbose_name = _("mystery gift")
        verbose_name_plural = _("mystery gifts")

    def __str__(self) -> str:
        return str(self.incentive)

    @property
    def seed_hash(self) -> str:
        return commitment(self.seed)


class MysteryOutcome(models.Model):
    """One thing a mystery gift may be, and how many chances it has among all."""

    box = models.ForeignKey(MysteryBox, models.CASCADE, related_name="outcomes")
    incentive = models.ForeignKey(Incentive, models.PROTECT, related_name="+", verbose_name=_("what"))
    chances = models.PositiveIntegerField(_("chances"), default=1, validators=[MinValueValidator(1)])

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["box", "incentive"], name="outcome_once")]

    def __str__(self) -> str:
        return str(self.incentive)
