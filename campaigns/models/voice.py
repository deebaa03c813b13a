from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models import Program
from referrals.models.program import ScopedQuerySet

USUALLY_FORMAL = frozenset({"fr", "ru"})
# There is no other way to write to people one does not know.
ALWAYS_FORMAL = frozenset({"ru"})


class BrandVoice(models.Model):
    """How a program speaks in its messages; a program without one speaks as these defaults do."""

    class Address(models.TextChoices):
        USUAL = "usual", _("as is usual in each language (tu, tú, je; vous, вы)")
        INFORMAL = "informal", _("informal (tu, tú, je; in Russian вы)")
        FORMAL = "formal", _("formal (Lei, usted, u, vous, вы)")

    class Tone(models.TextChoices):
        WARM = "warm", _("warm: a letter")
        PLAIN = "plain", _("plain: short and to the point")

    program = models.OneToOneField(Program, models.CASCADE, related_name="voice", verbose_name=_("program"))
    address = models.CharField(_("we address people"), max_length=8, choices=Address, default=Address.USUAL)
    tone = models.CharField(_("tone"), max_length=5, choices=Tone, default=Tone.WARM)
    sign_off = models.CharField(
        _("sign-off"),
        max_length=40,
        blank=True,
        help_text=_(
            "Such as “Warm regards,”, in the program's language. Empty: as is usual in each language."
        ),
    )
    signer = models.CharField(
        _("who signs"), max_length=60, blank=True, help_text=_("A person's name. Empty: the company.")
    )
    signer_role = models.CharField(
        _("their role"), max_length=60, blank=True, help_text=_("Such as “customer care”.")
    )

    objects = ScopedQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("brand voice")
        verbose_name_plural = _("brand voice")

    def __str__(self) -> str:
        return str(self.program)

    def is_formal(self, language: str) -> bool:
        """Whether readers of this language are addressed formally."""
        usual = self.address == self.Address.USUAL and language in USUALLY_FORMAL
        return usual or self.address == self.Address.FORMAL or language in ALWAYS_FORMAL

    @property
    def variant(self) -> str:
        """Which of several wordings suits the tone, where a template has them."""
        return "short" if self.tone == self.Tone.PLAIN else ""

    @property
    def signature(self) -> str:
        """Who signs, on one line; empty when nobody does by name."""
        return ", ".join(part for part in (self.signer, self.signer_role) if part)
