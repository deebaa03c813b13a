from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from referrals.models.advocate import Enrolment
from referrals.models.click import Click
from referrals.models.conversion import Conversion
from referrals.models.program import Program, ScopedQuerySet
from referrals.models.referral import Referral


class Way(models.TextChoices):
    """How a friend came to a program, strongest first: a stronger way beats a weaker one, whenever it was."""

    DECIDED = "decided", _("a colleague said so, or the order names the referral")
    CODE = "code", _("gave the code")
    PERSONAL = "personal", _("was named by the advocate")
    LINK = "link", _("opened the share link")
    NAME = "name", _("said the advocate's name")


class Touch(models.Model):
    """Somebody came by an advocate: with a code, a link, or the advocate's name. Referrals are touches
    as well, and have no row here."""

    Way = Way

    program = models.ForeignKey(Program, models.CASCADE, db_index=False)
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, db_index=False)
    way = models.CharField(_("how"), max_length=10, choices=Way)
    at = models.DateTimeField(_("when"))
    click = models.ForeignKey(Click, models.SET_NULL, null=True, db_index=False)
    # The referral that an order names.
    referral = models.ForeignKey(Referral, models.CASCADE, null=True, related_name="touches")
    # Which order it came with; a touch of a known person is there for all their orders.
    order = models.CharField(max_length=80, blank=True)
    email_key = models.CharField(max_length=32, blank=True)
    phone_key = models.CharField(max_length=32, blank=True)
    key = models.CharField(max_length=140, help_text=_("The same touch reported again is the same."))

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("touch")
        verbose_name_plural = _("touches")
        constraints = [models.UniqueConstraint(fields=["program", "key"], name="touch_once")]
        indexes = [
            # what brought the person who bought: by address, by phone, and with this order
            models.Index(fields=["program", "email_key"], condition=~Q(email_key=""), name="touch_email"),
            models.Index(fields=["program", "phone_key"], condition=~Q(phone_key=""), name="touch_phone"),
            models.Index(fields=["program", "order"], condition=~Q(order=""), name="touch_order"),
        ]

    def __str__(self) -> str:
        return f"{self.get_way_display()}, {self.at:%Y-%m-%d %H:%M}"


class Attribution(models.Model):
    """A sale that was reported from outside, and for whom it counts, with the explanation.

    There is one for an order that nobody recommended, and for a refund that came before its order.
    """

    class Standing(models.TextChoices):
        DECIDED = "decided", _("decided")
        NOBODY = "nobody", _("nobody recommended them")
        WAITING = "waiting", _("waits for its order")
        HELD = "held", _("waits for the review of the referral")
        DISPUTED = "disputed", _("a person has to decide")

    program = models.ForeignKey(
        Program, models.PROTECT, related_name="attributions", verbose_name=_("program")
    )
    external_id = models.CharField(_("order or deal number"), max_length=80)
    email_key = models.CharField(max_length=32, blank=True, editable=False)
    phone_key = models.CharField(max_length=32, blank=True, editable=False)
    amount = models.PositiveBigIntegerField(_("amount"), null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    occurred_at = models.DateTimeField(_("sold"), null=True)
    received_at = models.DateTimeField(_("reported"))
    source = models.CharField(_("reported by"), max_length=40, blank=True)
    reversed_at = models.DateTimeField(_("taken back"), null=True)
    reversal_reason = models.CharField(_("why it was taken back"), max_length=120, blank=True)
    standing = models.CharField(_("standing"), max_length=10, choices=Standing, default=Standing.WAITING)
    conversion = models.OneToOneField(Conversion, models.SET_NULL, null=True, related_name="attribution")
    enrolment = models.ForeignKey(
        Enrolment, models.PROTECT, null=True, related_name="attributions", verbose_name=_("counts for")
    )
    # Whoever has it by the rule, where a reward that was handed out stands in the way.
    rightful = models.ForeignKey(Enrolment, models.PROTECT, null=True, related_name="+", db_index=False)
    # The answer as it was found: the rule, and each touch with what was said to it.
    rule = models.CharField(_("rule"), max_length=10, blank=True)
    touches = models.JSONField(default=list)
    # A person recorded or decided it: no later fact moves it.
    by_hand = models.BooleanField(_("decided by hand"), default=False)
    # How often it moved from one advocate to another.
    moves = models.PositiveSmallIntegerField(default=0)
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("decided by")
    )
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("attribution")
        verbose_name_plural = _("attributions")
        constraints = [
            models.UniqueConstraint(fields=["program", "external_id"], name="attribution_once"),
            models.CheckConstraint(
                condition=Q(amount=None, occurred_at=None)
                | Q(amount__isnull=False, occurred_at__isnull=False),
                name="attribution_of_a_sale_with_a_moment",
            ),
        ]
        indexes = [
            # the other orders of whoever bought
            models.Index(
                fields=["program", "email_key"], condition=~Q(email_key=""), name="attribution_email"
            ),
            models.Index(
                fields=["program", "phone_key"], condition=~Q(phone_key=""), name="attribution_phone"
            ),
            # the list by standing, newest first; what a person has to decide
            models.Index(fields=["program", "standing", "-received_at"], name="attribution_standing"),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def is_sale(self) -> bool:
        """Whether the order itself has been reported, and not only its refund."""
        return self.amount is not None
