from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models import Program
from referrals.models.program import ScopedQuerySet
from referrals.models.translated import Translated
from referrals.money import format_money
from referrals.webhooks import check_address

# The unit in which points are counted wherever a currency code stands.
POINTS = "PTS"


class Incentive(Translated):
    """Something a person can get, as the program describes it to them."""

    TRANSLATED = ("name", "how_to_use")

    class Kind(models.TextChoices):
        GIFT_CARD = "gift_card", _("gift card")
        DISCOUNT = "discount", _("discount or coupon")
        CREDIT = "credit", _("store credit")
        POINTS = "points", _("points")
        UPGRADE = "upgrade", _("product upgrade")
        ADD_ON = "add_on", _("add-on")
        FREE_TIME = "free_time", _("free subscription or extra hour")
        SWAG = "swag", _("company gift")
        SURPLUS = "surplus", _("surplus stock")
        EVENT = "event", _("event invitation")
        DONATION = "donation", _("donation to a charity of their choice")
        CONTEST_ENTRY = "contest", _("contest entry")
        CONTENT = "content", _("exclusive content")
        MYSTERY = "mystery", _("mystery gift")
        LETTER = "letter", _("personal thank-you letter")

    MONETARY = (Kind.GIFT_CARD, Kind.DISCOUNT, Kind.CREDIT)

    class Fulfilment(models.TextChoices):
        AUTOMATIC = "automatic", _("by itself")
        CODE = "code", _("with a code from the pool")
        PERSON = "person", _("by a person, from the work list")
        WEBHOOK = "webhook", _("by another system, asked by a signed call")

    program = models.ForeignKey(Program, models.CASCADE, related_name="incentives", verbose_name=_("program"))
    name = models.CharField(_("name"), max_length=80, help_text=_("As people read it: “a €40 gift card”."))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    value = models.PositiveBigIntegerField(
        _("value"), default=0, help_text=_("To the recipient, in minor units; points are counted whole.")
    )
    cost = models.PositiveBigIntegerField(
        _("cost"),
        null=True,
        blank=True,
        help_text=_("To the company, in minor units. Empty: the same as the value."),
    )
    fulfilment = models.CharField(
        _("handed out"), max_length=10, choices=Fulfilment, default=Fulfilment.PERSON
    )
    stock = models.PositiveIntegerField(
        _("in stock"), null=True, blank=True, help_text=_("Empty: as many as it takes.")
    )
    expires_after_days = models.PositiveSmallIntegerField(
        _("valid for (days)"), null=True, blank=True, validators=[MaxValueValidator(3650)]
    )
    how_to_use = models.TextField(
        _("how to use it"),
        max_length=600,
        blank=True,
        help_text=_("Stands in the mail that hands it out."),
    )
    link = models.URLField(_("link to the content"), blank=True, help_text=_("For exclusive content."))
    webhook_url = models.URLField(
        _("address to call"),
        blank=True,
        help_text=_("For “another system”: it answers 2xx, with the code as JSON if there is one."),
    )
    active = models.BooleanField(_("active"), default=True)

    objects = ScopedQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("incentive")
        verbose_name_plural = _("incentives")
        constraints = [
            models.UniqueConstraint(fields=["program", "name"], name="incentive_name_once"),
            # What is promised is taken from the stock in the same transaction; it never goes below zero.
            models.CheckConstraint(
                condition=Q(stock=None) | Q(stock__gte=0), name="incentive_stock_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.kind == self.Kind.POINTS and not self.value:
            raise ValidationError({"value": _("Say how many points this is.")})
        if self.kind == self.Kind.CONTENT and not self.link:
            raise ValidationError({"link": _("Give the link that unlocks with this reward.")})
        if self.fulfilment == self.Fulfilment.WEBHOOK and not self.webhook_url:
            raise ValidationError({"webhook_url": _("Give the address that is to be called.")})
        if self.webhook_url:
            self._check_webhook()
        if self.kind in (self.Kind.POINTS, self.Kind.CONTEST_ENTRY) and self.cost:
            raise ValidationError({"cost": _("This costs nothing itself; what it is exchanged for does.")})

    def _check_webhook(self) -> None:
        try:
            check_address(self.webhook_url)
        except ValidationError as error:
            raise ValidationError({"webhook_url": error.messages}) from error

    @property
    def is_monetary(self) -> bool:
        return self.kind in self.MONETARY

    @property
    def unit(self) -> str:
        """Currency in which ``value`` is counted."""
        return POINTS if self.kind == self.Kind.POINTS else self.program.currency

    @property
    def charge(self) -> int:
        """What one costs the company, in minor units of ``unit``; for points, the points."""
        free: tuple[Any, ...] = (self.Kind.CONTEST_ENTRY,)
        if self.kind in free:
            return 0
        return self.value if self.cost is None else self.cost

    @property
    def worth(self) -> str:
        """The value in words, such as €40.00 or 100 points; empty where there is none."""
        return worth(self.value, self.unit)


def worth(amount: int, currency: str) -> str:
    """An amount of money or points in words; empty for nothing."""
    if not amount:
        return ""
    if currency == POINTS:
        return str(_("%(count)d points")) % {"count": amount}
    return format_money(amount, currency)
