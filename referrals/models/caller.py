from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from referrals.models.absence import Absence
from referrals.models.membership import Membership
from referrals.models.program import Program, ScopedQuerySet


class CallerQuerySet(ScopedQuerySet):
    def here(self, day: Any) -> "CallerQuerySet":
        """Those who work here and are not away on this day. Whoever has become an analyst only looks on."""
        away = Absence.objects.on(day).filter(user=OuterRef("user"))
        looks_on = Membership.objects.filter(
            user=OuterRef("user"), program=OuterRef("program"), role=Membership.Role.ANALYST
        )
        return self.filter(~Exists(away), ~Exists(looks_on), user__is_active=True, user__is_staff=True)


class Caller(models.Model):
    """Somebody who calls the friends of a program, in turn or by territory."""

    program = models.ForeignKey(Program, models.CASCADE, related_name="callers", verbose_name=_("program"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="calls_for", verbose_name=_("person")
    )
    countries = models.CharField(
        _("countries"),
        max_length=200,
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{2}(, ?[A-Z]{2})*$", _("Such as IT, CH."))],
        help_text=_("Of the friend's phone number, else of the advocate. Such as IT, CH. Empty: all."),
    )
    languages = models.CharField(
        _("languages"),
        max_length=60,
        blank=True,
        validators=[RegexValidator(r"^[a-z]{2}(, ?[a-z]{2})*$", _("Such as it, en."))],
        help_text=_("The advocate's. Such as it, en. Empty: all."),
    )
    postcodes = models.CharField(
        _("postcodes begin with"),
        max_length=200,
        blank=True,
        help_text=_("Such as 00, 20. Asked by a question of the kind “postcode”. Empty: all."),
    )
    # Whose turn it is: the smallest number; whoever gets a friend goes to the end.
    turn = models.PositiveIntegerField(default=0, editable=False)

    objects = CallerQuerySet.as_manager()

    class Meta:
        verbose_name = _("person who calls")
        verbose_name_plural = _("people who call")
        constraints = [
            models.UniqueConstraint(
                fields=["program", "user"],
                name="caller_once",
                violation_error_message=_("This person calls for this program already."),
            )
        ]

    def __str__(self) -> str:
        return str(self.user)

    def covers(self, *, country: str, language: str, postcode: str) -> int:
        """How exactly this territory names the place: 0 when it does not cover it or names nothing."""
        named = 0
        for wanted, found in ((self.countries, {country}), (self.languages, {language})):
            if listed := _listed(wanted):
                if not listed & found:
                    return 0
                named += 1
        if prefixes := _listed(self.postcodes.upper()):
            longest = max((len(p) for p in prefixes if postcode.upper().startswith(p)), default=0)
            return named + 1 + longest if longest else 0
        return named


def _listed(words: str) -> set[str]:
    return {word.strip() for word in words.split(",") if word.strip()}
