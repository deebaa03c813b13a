import hmac
import re
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models.program import Program, ScopedQuerySet
from referrals.tokens import link_token

ORIGIN = re.compile(r"https://[a-z0-9.-]+\.[a-z]{2,}(:\d{1,5})?")
MOST_ORIGINS = 20
# How long what a company's own page signed for one of its customers can be used.
SIGNED_FOR = timedelta(hours=24)


def check_origins(value: str) -> None:
    """Raises ValidationError unless each line names a site by https and host, and nothing more."""
    lines = value.split()
    if len(lines) > MOST_ORIGINS:
        raise ValidationError(_("At most %(most)d sites fit in here."), params={"most": MOST_ORIGINS})
    for line in lines:
        if not ORIGIN.fullmatch(line):
            raise ValidationError(
                _("“%(line)s” is no site. Write one a line, such as https://shop.example.com."),
                params={"line": line[:60]},
            )


class SiteWidget(models.Model):
    """A program's place on the company's own pages: which sites may show it, and how they prove for whom."""

    program = models.OneToOneField(
        Program, models.CASCADE, related_name="site_widget", verbose_name=_("program")
    )
    origins = models.TextField(
        _("sites"),
        max_length=2000,
        validators=[check_origins],
        help_text=_("One a line, such as https://shop.example.com. Nobody else may show the widget."),
    )
    key = models.CharField(max_length=40, unique=True, default=link_token, editable=False)
    secret_number = models.PositiveIntegerField(default=1, editable=False)

    objects = ScopedQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("widget")
        verbose_name_plural = _("widgets")

    def __str__(self) -> str:
        return str(self.program)

    @property
    def sites(self) -> list[str]:
        return self.origins.split()

    @property
    def secret(self) -> str:
        """What the company's server signs with; the same while HASH_KEY is."""
        name = f"widget:{self.pk}:{self.secret_number}".encode()
        return hmac.new(settings.HASH_KEY.encode(), name, sha256).hexdigest()

    def sign(self, customer: str, moment: int) -> str:
        """The signature for a customer number at a moment (seconds since 1970)."""
        return hmac.new(self.secret.encode(), f"{customer}.{moment}".encode(), sha256).hexdigest()

    def is_signed(self, customer: str, moment: str, signature: str, *, now: datetime) -> bool:
        """Whether the company's server signed this, within the last 24 hours."""
        if not (moment.isascii() and moment.isdecimal() and len(moment) <= 12 and customer):
            return False
        age = now.timestamp() - int(moment)
        mine = self.sign(customer, int(moment))
        fits = hmac.compare_digest(mine, signature.encode("ascii", "replace").decode())
        return fits and -300 <= age <= SIGNED_FOR.total_seconds()
