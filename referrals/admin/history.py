"""The event log in words: what happened, who did it, and why."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from referrals.admin.cells import colleague, link_to, moment, status_word
from referrals.admin.scoped import FactsAdmin, Panel, ProgramFilter
from referrals.models import Claim, Event, FollowUp, Program, Referral
from referrals.money import format_money

NEWEST = 20
STATUS = dict(Referral.Status.choices)
REASON = dict(Referral.Reason.choices)
OUTCOME = dict(FollowUp.Outcome.choices)
ANSWER = dict(Claim.Status.choices)
RULE = dict(Program.Assign.choices) | {"away": gettext_lazy("the one before is away")}
# What came of a call to an advocate.
CALLED = {
    "agreed": gettext_lazy("said yes"),
    "not_now": gettext_lazy("not now"),
    "declined": gettext_lazy("said no"),
}
UNWANTED = {"email": gettext_lazy("no mail"), "sms": gettext_lazy("no text messages")}
# Happenings whose sentence is made of what came with them.
SAID: dict[str, Any] = {
    Event.Kind.REFERRAL_ESCALATED: gettext_lazy("Nobody called in time: given to %(owner)s"),
    Event.Kind.REFERRAL_SNOOZED: gettext_lazy("Call put off until %(until)s"),
    Event.Kind.CONVERSION_JOINED: gettext_lazy(
        "Recorded by hand and reported as order %(order)s: taken for one sale"
    ),
}
FIELD = {
    name: getattr(Referral._meta.get_field(name), "verbose_name", name)
    for name in ("name", "email", "phone", "company")
}


def what(event: Event, zone: Any = None) -> Any:
    """The happening, with where it came from and what it was about; times in it are on the clock of ``zone``."""
    data, words = event.data, str(event.get_kind_display())
    if event.kind.startswith("reward."):
        return status_word(data.get("to", ""), words)
    if data.get("from"):
        return status_word(data["to"], _("%(from)s → %(to)s") % {
            "from": STATUS.get(data["from"], data["from"]), "to": STATUS.get(data["to"], data["to"]),
        })  # fmt: skip
    if "outcome" in data:
        return f"{words}: {(OUTCOME | CALLED).get(data['outcome'], data['outcome'])}"
    if said := SAID.get(event.kind):
        return said % ({"owner": ""} | data | {"until": _until(data, zone)})
    if data.get("amount") and data.get("currency"):
        return f"{words}: {format_money(int(data['amount']), data['currency'])}"
    if event.kind == Event.Kind.REFERRAL_ASSIGNED:
        return _("Given to %(owner)s: %(rule)s") % {
            "owner": data.get("owner", ""), "rule": RULE.get(data.get("rule"), ""),
        }  # fmt: skip
    if about := ANSWER.get(data.get("answer")) or data.get("tag") or data.get("plan"):
        return f"{words}: {about}"
    if "score" in data:
        return _("%(what)s: %(score)s of 10") % {"what": words, "score": data["score"]}
    if "owner" in data:
        return _("Handed over to %(owner)s") % {"owner": data["owner"]}
    return words


def _until(data: dict[str, Any], zone: Any) -> str:
    until = data.get("until")
    return date_format(datetime.fromisoformat(until).astimezone(zone), "j M, H:i") if until else ""


def why(event: Event) -> str:
    """The reason and the note that came with it."""
    data = event.data
    if event.kind == Event.Kind.CONVERSION_JOINED:
        return ngettext(
            "same friend, same amount, %(days)d day apart", "same friend, same amount, %(days)d days apart",
            data["days"],
        ) % {"days": data["days"]}  # fmt: skip
    reason = str(REASON.get(data.get("reason"), data.get("reason") or ""))
    order = _("order %(order)s") % {"order": data["order"]} if data.get("order") else ""
    fields = ", ".join(str(FIELD.get(name, name)) for name in data.get("fields", []))
    unwanted = str(UNWANTED.get(data.get("unwanted"), ""))
    return " · ".join(part for part in (reason, unwanted, order, fields, data.get("note", "")) if part)


def who(event: Event) -> str:
    """Whoever did it: a colleague, the friend, the advocate, or nobody but the clock."""
    if event.actor:
        return colleague(event.actor)
    if event.kind in (Event.Kind.REFERRAL_ACCEPTED, Event.Kind.REFERRAL_ERASED):
        return _("the friend")
    if event.kind == Event.Kind.REFERRAL_LOST and event.data.get("reason") == Referral.Reason.DECLINED:
        return _("the friend")
    theirs = (Event.Kind.REFERRAL_SUBMITTED, Event.Kind.CLAIM_MADE)
    return _("the advocate") if event.kind in theirs else _("by itself")


def history_panel(events: Any, zone: Any, more_url: str = "", limit: int = NEWEST) -> Panel:
    """The newest events, one a row."""
    newest: Sequence[Event] = events.select_related("actor").newest_first()[:limit]
    rows = [(moment(e.occurred_at, zone), what(e, zone), why(e), who(e)) for e in newest]
    headers = (_("When"), _("What happened"), _("Why"), _("By"))
    return Panel(_("History"), headers, rows, _("Nothing has happened yet."), more_url)


@admin.register(Event)
class EventAdmin(FactsAdmin):
    about = gettext_lazy("Everything that has happened, newest first. Nothing here is ever changed.")
    list_display = ("when", "happening", "advocate_link", "referral_link", "reason", "by", "program")
    list_display_links = ("happening",)
    list_filter = (ProgramFilter, "kind", "occurred_at")
    list_select_related = ("program", "advocate", "referral", "actor")
    search_fields = ("advocate__name", "advocate__external_id", "referral__name")
    ordering = ("-occurred_at", "-pk")
    fields = ("when", "happening", "program", "advocate_link", "referral_link", "reason", "by", "recorded_at")
    readonly_fields = ("when", "happening", "advocate_link", "referral_link", "reason", "by")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related(*self.list_select_related)

    @admin.display(description=gettext_lazy("when"), ordering="occurred_at")
    def when(self, event: Event) -> Any:
        return moment(event.occurred_at, event.program.zone if event.program else None)

    @admin.display(description=gettext_lazy("what happened"))
    def happening(self, event: Event) -> Any:
        return what(event, event.program.zone if event.program else None)

    @admin.display(description=gettext_lazy("advocate"))
    def advocate_link(self, event: Event) -> Any:
        return link_to(event.advocate)

    @admin.display(description=gettext_lazy("friend"))
    def referral_link(self, event: Event) -> Any:
        return link_to(event.referral)

    @admin.display(description=gettext_lazy("why"))
    def reason(self, event: Event) -> str:
        return why(event)

    @admin.display(description=gettext_lazy("by"))
    def by(self, event: Event) -> str:
        return who(event)
