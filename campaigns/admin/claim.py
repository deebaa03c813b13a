from collections.abc import Sequence
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, When
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.goodwill import GoodwillForm
from campaigns.admin.referral_steps import NoteForm
from campaigns.services.claims import settle_with_goodwill
from referrals.admin.cells import link_to, moment, person, status_word
from referrals.admin.history import history_panel
from referrals.admin.scoped import FactsAdmin, Panel, ProgramFilter
from referrals.admin.steps import Step, StepsAdmin
from referrals.models import Claim, Event, Referral
from referrals.services.claim import (
    accept_claim,
    candidates,
    others_about,
    propose,
    reject_claims,
    reopen_claims,
)
from rewards.models import Reward

Status = Claim.Status
TO_DECIDE_FIRST = Case(When(status=Status.OPEN, then=0), default=1)


class AcceptForm(NoteForm):
    referral = forms.ModelChoiceField(
        Referral.objects.none(), label=gettext_lazy("Which referral they mean"), required=False,
        empty_label=gettext_lazy("none of ours: make a new one"),
        help_text=gettext_lazy("It moves to this advocate, with its sales. One that was rewarded cannot move."),
    )  # fmt: skip
    field_order = ("referral", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        claim = self.rows.select_related("enrolment__advocate", "program").get()
        found = candidates(claim)
        field: Any = self.fields["referral"]
        rows = Referral.objects.filter(pk__in=[c.referral.pk for c in found])
        field.queryset = rows.select_related("enrolment__advocate")
        # Of somebody who was rewarded for it, a referral cannot move: it is shown, and not chosen for anybody.
        movable = [candidate.referral.pk for candidate in found if not candidate.is_handed_out]
        field.label_from_instance = partial(
            _name_of, rewarded={c.referral.pk for c in found if c.is_handed_out}
        )
        field.initial = next(iter(movable), None)


def _name_of(referral: Referral, rewarded: set[int]) -> str:
    known = _("%(friend)s, recommended by %(advocate)s (%(status)s)")
    cannot = _("%(friend)s, recommended by %(advocate)s (rewarded: cannot move)")
    return (cannot if referral.pk in rewarded else known) % {
        "friend": referral, "advocate": referral.enrolment.advocate, "status": referral.get_status_display(),
    }  # fmt: skip


class RejectForm(NoteForm):
    reason = forms.ChoiceField(label=gettext_lazy("Why"), choices=Claim.Reason.choices)
    field_order = ("reason", "note")


def _says_the_same(other: Claim) -> Any:
    return format_html(
        _("{} says the same of this friend: they talked on {}. Look at both before you decide."),
        link_to(other, str(other.enrolment.advocate)), date_format(other.happened_on, "j M Y"),
    )  # fmt: skip


def _undoing(claim: Claim) -> Sequence[Any]:
    """How to take back what was decided, where that is done elsewhere."""
    if claim.status == Status.ACCEPTED and claim.referral:
        words = _("Accepted by mistake? “Somebody else told them”, on the page of {}, gives the friend back.")
        return [format_html(words, link_to(claim.referral))]
    if claim.status == Status.GOODWILL:
        given = Reward.objects.filter(event__dedup_key=f"goodwill:claim:{claim.pk}").select_related(
            "incentive"
        )
        words = _("Given by mistake? Decline {} before it is handed out.")
        return [format_html(words, link_to(reward, reward.incentive.name)) for reward in given]
    return []


def _may(status: str) -> Any:
    return lambda row: row.may_become(status)


@admin.register(Claim)
class ClaimAdmin(StepsAdmin, FactsAdmin):
    about = gettext_lazy(
        "Advocates who say that a friend came because of them. Look who that may be, and decide; they read the "
        "answer in their portal and by mail."
    )
    list_display = ("friend", "claimed_by", "state", "talked", "made", "program")
    list_display_links = ("friend",)
    list_filter = ("status", ProgramFilter, "made_at")
    list_select_related = ("enrolment__advocate", "program")
    search_fields = ("name", "email", "phone", "enrolment__advocate__name")
    search_help_text = gettext_lazy("Friend, e-mail, phone or advocate")
    ordering = (TO_DECIDE_FIRST, "made_at", "pk")
    fields = ("program", "claimed_by", "name", "email", "phone", "talked", "words", "made", "became")
    readonly_fields = ("claimed_by", "talked", "made", "became")
    steps = (
        Step(
            name="accept", label=gettext_lazy("Accept"), done=gettext_lazy("Accepted"), form=AcceptForm,
            carry_out=accept_claim, bulk=False,
            does=gettext_lazy("The friend counts for this advocate, with what they bought and the rewards for it."),
            fits=_may(Status.ACCEPTED),
        ),
        Step(
            name="goodwill", label=gettext_lazy("Give goodwill"), done=gettext_lazy("Goodwill promised"),
            form=GoodwillForm, carry_out=settle_with_goodwill,
            does=gettext_lazy(
                "The friend counts for whoever they counted for, and this advocate gets something all the same. It "
                "takes from the budget, and a second look approves it."
            ),
            fits=_may(Status.GOODWILL),
        ),
        Step(
            name="reject", label=gettext_lazy("Do not accept"), done=gettext_lazy("Not accepted"), form=RejectForm,
            carry_out=reject_claims, danger=True,
            does=gettext_lazy("The advocate reads why, in kind words."), fits=_may(Status.REJECTED),
        ),
        Step(
            name="reopen", label=gettext_lazy("Look again"), form=NoteForm, carry_out=reopen_claims,
            does=gettext_lazy("The claim is to be decided once more."), fits=_may(Status.OPEN),
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related(*self.list_select_related, "referral")

    def summary(self, obj: Claim) -> Sequence[Any]:
        said = _("%(advocate)s says: “%(words)s”") % {"advocate": obj.enrolment.advocate, "words": obj.words}
        others = others_about(obj) if obj.status == Status.OPEN else []
        return [said, self._advice(obj), *map(_says_the_same, others), *_undoing(obj)]

    def what_follows(self, moved: Sequence[Any]) -> str:
        decided = [claim for claim in moved if claim.status != Status.OPEN]
        return _("They read it in their portal and by mail.") if decided else ""

    def _advice(self, obj: Claim) -> str:
        if obj.status != Status.OPEN:
            reason = dict(Claim.Reason.choices).get(obj.status_reason, "")
            parts = (obj.get_status_display(), reason, obj.status_note)
            return " · ".join(str(part) for part in parts if part)
        proposal = propose(obj, candidates(obj))
        advice = {
            Status.ACCEPTED: _("Proposed: accept."),
            Status.GOODWILL: _("Proposed: give goodwill."),
            Status.REJECTED: _("Proposed: do not accept."),
        }
        said = advice[proposal.answer] if proposal.answer else ""
        return f"{said} {proposal.words}".strip()

    def panels(self, request: HttpRequest, obj: Claim) -> list[Panel]:
        zone = obj.program.zone
        found = [
            (
                link_to(c.referral), link_to(c.referral.enrolment.advocate),
                status_word(c.referral.status, c.referral.get_status_display()), c.why,
                moment(c.referral.submitted_at, zone), _("yes") if c.is_handed_out else _("no"),
            )
            for c in candidates(obj)
        ]  # fmt: skip
        headers = (_("Friend"), _("Recommended by"), _("Status"), _("Why"), _("Received"), _("Rewarded"))
        events = Event.objects.filter(advocate=obj.enrolment.advocate_id, data__claim=obj.pk)
        return [
            Panel(_("Who that may be"), headers, found, _("Nobody of ours resembles this friend.")),
            history_panel(events, zone),
        ]

    @admin.display(description=gettext_lazy("friend"), ordering="name")
    def friend(self, claim: Claim) -> Any:
        return person(claim, claim.email or claim.phone)

    @admin.display(description=gettext_lazy("claimed by"), ordering="enrolment__advocate__name")
    def claimed_by(self, claim: Claim) -> Any:
        return link_to(claim.enrolment.advocate)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, claim: Claim) -> Any:
        return status_word(claim.status, claim.get_status_display())

    @admin.display(description=gettext_lazy("talked on"), ordering="happened_on")
    def talked(self, claim: Claim) -> Any:
        return date_format(claim.happened_on, "j M Y")

    @admin.display(description=gettext_lazy("made"), ordering="made_at")
    def made(self, claim: Claim) -> Any:
        return moment(claim.made_at, claim.program.zone)

    @admin.display(description=gettext_lazy("became"))
    def became(self, claim: Claim) -> Any:
        return link_to(claim.referral) or "–"
