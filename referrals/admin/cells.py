"""How the back office shows a status, a moment, an amount: the same words and marks in every list."""

from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

# What a status means to whoever reads it: done well, wants somebody, went wrong, or just is.
TONES = {
    "good": {
        "agreed",
        "live",
        "converted",
        "qualified",
        "issued",
        "redeemed",
        "sent",
        "reached",
        "repaid",
        "accepted",
        "goodwill",
        "decided",
    },
    "busy": {"submitted", "contacted", "approved", "queued", "sending", "kept"},
    "warn": {
        "under_review",
        "pending",
        "unknown",
        "paused",
        "overdue",
        "no_answer",
        "not_now",
        "waiting",
        "claimed",
        "held",
        "disputed",
        "open",
    },
    "bad": {"failed", "bounced", "lost", "declined", "revoked", "not_interested", "wrong_person"},
}
NEARLY = 30 * 24 * 3600


def status_word(value: str, label: Any) -> SafeString:
    """The status as a word with a coloured dot; the colour repeats the word, it replaces nothing."""
    tone = next((tone for tone, values in TONES.items() if value in values), "quiet")
    return format_html('<span class="state state-{}">{}</span>', tone, label)


def moment(value: datetime | None, zone: tzinfo | str | None = None) -> SafeString | str:
    """“In 2 hours”, with the exact time in the program's zone for whoever points at it or listens."""
    if value is None:
        return ""
    local = value.astimezone(
        ZoneInfo(zone) if isinstance(zone, str) else zone or timezone.get_current_timezone()
    )
    exact = f"{date_format(local, 'j M Y, H:i')} {local.tzname()}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact, _ago(value, local)
    )


def _ago(value: datetime, local: datetime) -> str:
    now = timezone.now()
    if abs((now - value).total_seconds()) > NEARLY:
        return date_format(local, "j M Y")
    if abs((now - value).total_seconds()) < 60:
        return _("just now")
    if value > now:
        return _("in %(time)s") % {"time": timesince(now, value, depth=1)}
    return _("%(time)s ago") % {"time": timesince(value, now, depth=1)}


def due(value: datetime, zone: tzinfo | str | None = None) -> SafeString | str:
    """A moment by which something must happen; says so when it has passed."""
    if value >= timezone.now():
        return moment(value, zone)
    return format_html('<span class="state state-bad">{}</span>', moment(value, zone))


def colleague(user: Any) -> str:
    """Staff by name; whoever did not give one, by user name."""
    return (user.get_full_name() or user.get_username()) if user else ""


def count_of(rows: Any, *, by: str) -> Coalesce:
    """How many of these rows belong to the row of the list (by ``OuterRef``); asked for each row shown."""
    counted = rows.order_by().values(by).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def link_to(obj: Any, text: Any = None) -> SafeString | str:
    """A link to the row's own page in the back office."""
    if obj is None:
        return ""
    url = reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])
    return format_html('<a href="{}">{}</a>', url, text or obj)


def person(name: Any, more: Any = "") -> SafeString:
    """Somebody by name, with what matters about them beneath."""
    if not more:
        return format_html('<span class="who">{}</span>', name)
    return format_html('<span class="who">{} <small>{}</small></span>', name, more)


def full_link(url: str) -> SafeString:
    """A public address that can be opened, and selected as a whole for copying."""
    return format_html('<a class="address" href="{}" rel="noreferrer">{}</a>', url, url)
