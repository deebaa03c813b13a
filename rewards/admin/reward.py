from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import link_to, moment, person, status_word
from referrals.admin.history import history_panel
from referrals.admin.scoped import FactsAdmin, Panel, ProgramFilter
from referrals.admin.steps import Step, StepForm, StepsAdmin
from referrals.contacts import clean_text
from referrals.models import Event
from rewards.models import Reward
from rewards.services.explanation import for_staff
from rewards.services.reward import approve, decline, hand_out, revoke, undo

Status = Reward.Status
GIVEN = (Status.APPROVED, Status.ISSUED, Status.REDEEMED)
DECIDED = (Status.APPROVED, Status.DECLINED, Status.REVOKED)
# Reasons that a person gives; the others are found by the product.
DECISIONS = [
    (reason.value, reason.label)
    for reason in Reward.Reason
    if reason not in (Reward.Reason.EXHAUSTED, Reward.Reason.SALE_REVERSED)
]


class DecideFilter(admin.SimpleListFilter):
    """The list opens with what somebody has to decide."""

    title = gettext_lazy("to do")
    parameter_name = "decide"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("approve", _("to approve")), ("hand-out", _("to hand out now")), ("all", _("all rewards"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [first | {"display": _("needs a decision")}, *others]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "approve":
                return queryset.to_approve()
            case "hand-out":
                return queryset.to_hand_out().filter(due_at__lte=timezone.now())
            case "all":
                return queryset
        # A filter by status is a question of its own.
        if any(name.startswith("status") for name in request.GET):
            return queryset
        return queryset.to_approve() | queryset.to_hand_out()


class ReasonForm(StepForm):
    reason = forms.ChoiceField(label=gettext_lazy("Reason"), choices=DECISIONS)
    note = forms.CharField(
        label=gettext_lazy("In your words"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("The person reads this instead of the reason's own sentence."),
    )

    def clean_note(self) -> str:
        return clean_text(self.cleaned_data["note"])


class HandOutForm(StepForm):
    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=80, required=False,
        help_text=gettext_lazy("Of the card or coupon. It stands in the mail. Empty when there is none."),
    )  # fmt: skip

    def clean_code(self) -> str:
        code = clean_text(self.cleaned_data["code"], 80)
        if code and self.rows.count() > 1:
            raise forms.ValidationError(
                _("One code is for one person. Hand these out one by one, or without a code.")
            )
        return code


@admin.register(Reward)
class RewardAdmin(StepsAdmin, FactsAdmin):
    about = gettext_lazy("What has been promised, and what somebody has to decide about it.")
    list_display = ("gift", "recipient", "state", "worth", "not_before", "because", "program")
    list_display_links = ("gift",)
    list_filter = (DecideFilter, "status", "side", ProgramFilter, "due_at")
    list_select_related = ("program", "incentive", "referral", "enrolment__advocate")
    search_fields = (
        "referral__name",
        "enrolment__advocate__name",
        "enrolment__advocate__email",
        "=code",
        "incentive__name",
    )
    search_help_text = gettext_lazy("Advocate, friend, incentive or code")
    ordering = ("due_at", "pk")
    fields = (
        "program",
        "recipient",
        "gift",
        "worth",
        "because",
        "advocate_link",
        "rule_link",
        "promised",
        "not_before",
        "code",
    )
    readonly_fields = (
        "recipient",
        "gift",
        "worth",
        "because",
        "advocate_link",
        "rule_link",
        "promised",
        "not_before",
    )
    steps = (
        Step(
            name="approve", label=gettext_lazy("Approve"), carry_out=approve,
            does=gettext_lazy("The company owes it from now on. It is handed out in a step of its own."),
            fits=lambda row: row.may_become(Status.APPROVED),
        ),
        Step(
            name="hand-out", label=gettext_lazy("Hand out"), carry_out=hand_out, form=HandOutForm,
            does=gettext_lazy("The person gets the mail that hands it out, with the code if there is one."),
            fits=lambda row: row.may_become(Status.ISSUED),
        ),
        Step(
            name="decline", label=gettext_lazy("Decline"), carry_out=decline, form=ReasonForm,
            does=gettext_lazy("The promise is withdrawn, and its money goes back to the budget."),
            fits=lambda row: row.may_become(Status.DECLINED), danger=True,
        ),
        Step(
            name="revoke", label=gettext_lazy("Take back"), carry_out=revoke, form=ReasonForm,
            does=gettext_lazy("Not handed out yet: its money is free again. Handed out: it is to be paid back."),
            fits=lambda row: row.status in GIVEN, danger=True,
        ),
        Step(
            name="undo", label=gettext_lazy("Take the decision back"), carry_out=undo,
            does=gettext_lazy("It is promised again, as far as budget, stock and codes allow."),
            fits=lambda row: row.status in DECIDED,
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).with_people()

    def why_not(self, row: Reward) -> str:
        return f"{row}: {row.refusal}" if row.refusal else super().why_not(row)

    def summary(self, obj: Reward) -> Sequence[Any]:
        since = format_html(
            "{} {} {} {}",
            self.state(obj),
            _("since"),
            moment(obj.status_at, obj.program.zone),
            obj.status_note,
        )
        return [since, *for_staff(obj)]

    def panels(self, request: HttpRequest, obj: Reward) -> list[Panel]:
        return [history_panel(Event.objects.filter(referral=obj.referral_id), obj.program.zone)]

    @admin.display(description=gettext_lazy("reward"), ordering="incentive__name")
    def gift(self, reward: Reward) -> str:
        return reward.incentive.name

    @admin.display(description=gettext_lazy("for"), ordering="enrolment__advocate__name")
    def recipient(self, reward: Reward) -> Any:
        return person(reward.recipient_name, reward.get_side_display())

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, reward: Reward) -> Any:
        return status_word(reward.status, reward.get_status_display())

    @admin.display(description=gettext_lazy("worth"), ordering="amount")
    def worth(self, reward: Reward) -> str:
        return reward.worth or "–"

    @admin.display(description=gettext_lazy("not before"), ordering="due_at")
    def not_before(self, reward: Reward) -> Any:
        return moment(reward.due_at, reward.program.zone)

    @admin.display(description=gettext_lazy("for the referral of"), ordering="referral__name")
    def because(self, reward: Reward) -> Any:
        return link_to(reward.referral) if reward.referral else "–"

    @admin.display(description=gettext_lazy("advocate"))
    def advocate_link(self, reward: Reward) -> Any:
        return link_to(reward.enrolment.advocate)

    @admin.display(description=gettext_lazy("rule"))
    def rule_link(self, reward: Reward) -> Any:
        return link_to(reward.rule, reward.rule.sentence) if reward.rule else "–"

    @admin.display(description=gettext_lazy("promised"))
    def promised(self, reward: Reward) -> Any:
        return moment(reward.created_at, reward.program.zone)


def rewards_panel(rewards: Any) -> Panel:
    """The newest rewards of somebody."""
    newest = rewards.with_people().order_by("-created_at")[:20]
    return Panel(
        _("Rewards"),
        (_("Reward"), _("For"), _("Status"), _("Worth"), _("Not before")),
        [
            (
                link_to(row, row.incentive.name), row.recipient_name,
                status_word(row.status, row.get_status_display()), row.worth, moment(row.due_at, row.program.zone),
            )
            for row in newest
        ],
        _("No reward yet."),
    )  # fmt: skip
