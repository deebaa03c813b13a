from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from referrals.models.program import ScopedQuerySet
from rewards.models.incentive import Incentive


class CouponCodeQuerySet(ScopedQuerySet):
    program_path = "incentive__program"

    def free(self) -> "CouponCodeQuerySet":
        return self.filter(reward=None)


class CouponCode(models.Model):
    """A code that can be given away once. It is set aside when a reward is promised."""

    incentive = models.ForeignKey(
        Incentive, models.CASCADE, related_name="codes", db_index=False, verbose_name=_("incentive")
    )
    code = models.CharField(_("code"), max_length=80)
    reward = models.OneToOneField(
        "rewards.Reward",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="coupon",
        verbose_name=_("reward"),
    )

    objects = CouponCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("coupon code")
        verbose_name_plural = _("coupon codes")
        constraints = [models.UniqueConstraint(fields=["incentive", "code"], name="coupon_once")]
        # the next free code of a pool
        indexes = [models.Index(fields=["incentive", "id"], condition=Q(reward=None), name="coupon_free")]

    def __str__(self) -> str:
        return self.code
