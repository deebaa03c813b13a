import hmac
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from referrals.models.program import Program, ScopedQuerySet
from referrals.prepared import prepared
from referrals.tokens import link_token, share_code

# What a key begins with, so that people and scanners of leaked secrets know what they look at.
MARK = "gw"
SEEN_EVERY = timedelta(minutes=1)


class ApiKeyQuerySet(ScopedQuerySet):
    def valid(self, now: datetime) -> "ApiKeyQuerySet":
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)

    def of_text(self, text: str, now: datetime) -> "ApiKey | None":
        """The valid key that this is, with its program; None for anything else."""
        mark, _line, rest = text.partition("_")
        prefix, _line, _secret = rest.partition("_")
        is_one = mark == MARK and text.isascii() and text.isprintable()
        found = next(iter(_valid_keys(prefix, now)), None) if is_one else None
        # Compared in any case, so that the answer to a wrong secret takes as long as to an unknown key.
        fits = hmac.compare_digest(digest_of(text), found.digest if found else digest_of(""))
        return found if fits else None


class ApiKey(models.Model):
    """What another system shows at the door of the API: for one program, for some of its rows."""

    class Scope(models.TextChoices):
        ADVOCATES_READ = "advocates:read", _("read advocates, their tags and links")
        ADVOCATES_WRITE = "advocates:write", _("add and change advocates and their tags")
        EVENTS_READ = "events:read", _("read what happened")
        EVENTS_WRITE = "events:write", _("report what happened, such as purchases and deals")
        REFERRALS_READ = "referrals:read", _("read referrals")
        REFERRALS_WRITE = "referrals:write", _("add referrals in the name of an advocate")
        CONVERSIONS_READ = "conversions:read", _("read sales")
        CONVERSIONS_WRITE = "conversions:write", _("report sales, and take them back")
        LEADS_READ = "leads:read", _("read other leads")
        LEADS_WRITE = "leads:write", _("report other leads, to be compared with friends")
        REWARDS_READ = "rewards:read", _("read rewards, and what may be given")
        REWARDS_WRITE = "rewards:write", _("give rewards as goodwill")
        SURVEYS_READ = "surveys:read", _("read surveys and what was answered")
        SURVEYS_WRITE = "surveys:write", _("give people links to surveys")

    program = models.ForeignKey(Program, models.CASCADE, related_name="api_keys", verbose_name=_("program"))
    name = models.CharField(_("name"), max_length=60, help_text=_("Which system holds it: “our shop”."))
    scopes = models.JSONField(_("may"), default=list)
    calls_a_minute = models.PositiveIntegerField(
        _("calls a minute"),
        default=600,
        validators=[MinValueValidator(1), MaxValueValidator(100_000)],
        help_text=_("More than these are asked to come back later."),
    )
    prefix = models.CharField(_("begins with"), max_length=20, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, verbose_name=_("made by"),
        related_name="+",
    )  # fmt: skip
    created_at = models.DateTimeField(_("made"), editable=False)
    expires_at = models.DateTimeField(
        _("valid until"), null=True, blank=True, help_text=_("Empty: until somebody takes it back.")
    )
    revoked_at = models.DateTimeField(_("taken back"), null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)

    # The whole key, in the moment after it was drawn; stored nowhere.
    text = ""
    # When the call came that showed the key: its one look at the clock.
    asked_at: datetime

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            # The page that shows a new key, loaded again, does not make a second one.
            models.UniqueConstraint(
                fields=["program", "name"],
                name="api_key_name_once",
                violation_error_message=_("There is a key of this name already. Give this one another."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def draw_secret(self) -> None:
        """Give the key its secret. ``text`` holds it until this object is gone: the only time it can be read."""
        self.prefix = share_code()
        self.text = f"{MARK}_{self.prefix}_{link_token()}"
        self.digest = digest_of(self.text)

    def note_use(self, now: datetime) -> None:
        """Remember that it was used; written once a minute however often it is."""
        if not self.last_used_at or self.last_used_at <= now - SEEN_EVERY:
            ApiKey.objects.filter(pk=self.pk).update(last_used_at=now)

    def allows(self, scope: str) -> bool:
        return scope in self.scopes

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


@prepared
def _valid_keys(prefix: str, now: datetime) -> models.QuerySet[ApiKey]:
    return ApiKey.objects.valid(now).select_related("program__owner").filter(prefix=prefix)


def digest_of(text: str) -> str:
    """192 random bits need no salt, and no slow hash."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
