"""The review queue: suspicious referrals, the evidence side by side, one decision for both sides."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.admin.referral_steps import REJECTED
from campaigns.services.review import it_counts, it_does_not, undo
from referrals.admin.cells import colleague, link_to, moment, status_word
from referrals.admin.scoped import asker
from referrals.contacts import clean_text
from referrals.models import Attribution, Referral, RiskAssessment
from referrals.money import format_money
from referrals.roles import programs_granting
from referrals.services.signs import sentence_of
from referrals.transitions import Moved

SHOWN = 20
LATELY = timedelta(days=30)
DECISIONS = {"counts": it_counts, "does_not": it_does_not, "undo": undo}


class DecisionForm(forms.Form):
    """Which referrals, what about them, and why."""

    decision = forms.ChoiceField(choices=[(name, name) for name in DECISIONS], widget=forms.HiddenInput)
    chosen = forms.ModelMultipleChoiceField(
        Referral.objects.none(),
        widget=forms.MultipleHiddenInput,
        error_messages={"required": gettext_lazy("Tick those that you have decided about.")},
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("If it does not count, why"),
        choices=[(reason.value, reason.label) for reason in REJECTED],
        initial=Referral.Reason.SUSPICIOUS,
        required=False,
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=300, required=False,
        help_text=gettext_lazy("Stands in the history. The advocate reads the reason, not the note."),
    )  # fmt: skip

    def __init__(self, *args: Any, mine: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["chosen"].queryset = mine  # type: ignore[attr-defined]

    def clean_note(self) -> str:
        return clean_text(self.cleaned_data["note"])


class Pair(NamedTuple):
    """One thing about both, and whether it is the same."""

    label: Any
    advocate: Any
    friend: Any
    is_same: bool = False


def review(request: HttpRequest) -> HttpResponse:
    """Those that wait, the most suspicious first; with ``?decided``, what was decided lately."""
    if not asker(request).has_perm("referrals.view_referral"):
        raise PermissionDenied
    mine = Referral.objects.filter(program__in=programs_granting(asker(request), "change", Referral))
    form = DecisionForm(request.POST if request.method == "POST" else None, mine=mine)
    decided = "decided" in request.GET
    if form.is_bound and not asker(request).has_perm("referrals.change_referral"):
        raise PermissionDenied
    if form.is_bound and form.is_valid():
        _decide(request, form)
        return HttpResponseRedirect(request.get_full_path())
    rows = _decided(request) if decided else _waiting(request)
    shown = {
        "title": _("Suspicious referrals"), "form": form, "decided": decided, "cards": _cards(rows[:SHOWN]),
        "count": rows.count(), "may_decide": asker(request).has_perm("referrals.change_referral"),
    }  # fmt: skip
    return TemplateResponse(request, "admin/review.html", admin.site.each_context(request) | shown)


def _decide(request: HttpRequest, form: DecisionForm) -> None:
    found = form.cleaned_data
    rows = Referral.objects.filter(pk__in=[row.pk for row in found["chosen"]])
    more = {"reason": found["reason"]} if found["decision"] == "does_not" else {}
    act: Any = DECISIONS[found["decision"]]
    moved: Moved = act(rows, now=timezone.now(), by=request.user, note=found["note"], **more)
    _report(request, found["decision"], moved)


def _report(request: HttpRequest, decision: str, result: Moved) -> None:
    count = len(result.moved)
    said = {
        "counts": ngettext("%(count)d counts, for both sides.", "%(count)d count, for both sides.", count),
        "does_not": ngettext("%(count)d does not count.", "%(count)d do not count.", count),
        "undo": ngettext("%(count)d is under review again.", "%(count)d are under review again.", count),
    }
    if count:
        messages.success(request, said[decision] % {"count": count})
        admin.site._registry[Referral].write_log(request, CHANGE, result.moved, _("Reviewed"))  # type: ignore[attr-defined]
    if result.refused:
        left = ngettext(
            "%(count)d stays as it is: %(why)s.", "%(count)d stay as they are: %(why)s.", len(result.refused)
        )
        why = ", ".join(f"{row} – {row.get_status_display()}" for row in result.refused[:5])
        messages.warning(request, left % {"count": len(result.refused), "why": why})


def _seen(request: HttpRequest) -> Any:
    rows = Referral.objects.for_staff(asker(request))
    return rows.select_related("program", "enrolment__advocate", "risk__decided_by")


def _waiting(request: HttpRequest) -> Any:
    waiting = _seen(request).filter(status=Referral.Status.UNDER_REVIEW)
    return waiting.order_by(F("risk__score").desc(nulls_last=True), "submitted_at", "pk")


def _decided(request: HttpRequest) -> Any:
    return (
        _seen(request)
        .filter(risk__verdict__in=RiskAssessment.Verdict.values)
        .order_by("-risk__decided_at", "-pk")
    )


def _cards(rows: Sequence[Referral]) -> list[dict[str, Any]]:
    places = {row.enrolment_id for row in rows}
    lately = Referral.objects.filter(enrolment__in=places, submitted_at__gt=timezone.now() - LATELY)
    named = dict(lately.values_list("enrolment").annotate(Count("pk")))
    held = Attribution.objects.filter(enrolment__in=places, standing=Attribution.Standing.HELD)
    sales: Counter[tuple[int, str]] = Counter()
    for place, key, amount in held.filter(currency=F("program__currency")).values_list(
        "enrolment", "email_key", "amount"
    ):
        sales[place, key] += amount or 0
    return [
        _card(row, named.get(row.enrolment_id, 0), sales[row.enrolment_id, row.email_key]) for row in rows
    ]


def _card(row: Referral, named: int, sale: int) -> dict[str, Any]:
    risk = getattr(row, "risk", None)
    signs = risk.signs if risk else []
    weight = sum(sign["weight"] for sign in signs)
    return {
        "row": row,
        "friend": link_to(row),
        "advocate": link_to(row.enrolment.advocate),
        "score": min(weight, 100),
        "tone": "bad" if weight >= row.program.reject_from else "warn",
        "proposal": weight >= row.program.reject_from,
        "signs": [(sentence_of(sign, row.program.currency), sign["weight"]) for sign in signs],
        "pairs": _pairs(row, named),
        "sale": format_money(sale, row.program.currency) if sale else "",
        "by_hand": not signs,
        "status": row.get_status_display(),
        "state": status_word(row.status, row.get_status_display()),
        "verdict": risk.get_verdict_display() if risk and risk.verdict else "",
        "decided": moment(risk.decided_at, row.program.zone) if risk and risk.decided_at else "",
        "decider": colleague(risk.decided_by) if risk else "",
    }


def _pairs(row: Referral, named: int) -> list[Pair]:
    advocate, zone = row.enrolment.advocate, row.program.zone
    came, sat = row.friend_client, row.advocate_client

    def pair(label: Any, left: str, right: str) -> Pair:
        return Pair(label, left or "–", right or "–", bool(left) and left.lower() == right.lower())

    one_place = bool(came) and came.get("address") == sat.get("address")
    lately = ngettext("%(count)d friend in 30 days", "%(count)d friends in 30 days", named) % {"count": named}
    return [
        pair(_("Name"), advocate.name, row.name),
        pair(_("E-mail"), advocate.email, row.email),
        pair(_("Phone"), advocate.phone, row.phone),
        pair(_("Company"), advocate.company, row.company),
        Pair(
            _("Connection"),
            _("seen") if sat else _("not seen"),
            (_("the same") if one_place else _("another")) if came else _("not seen"),
            one_place,
        ),
        Pair(_("Since"), moment(row.enrolment.joined_at, zone), moment(row.submitted_at, zone)),
        Pair(_("Named"), lately, row.get_source_display()),
    ]
