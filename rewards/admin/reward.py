from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from referrals.admin import history
from referrals.admin.cells import colleague, link_to, moment, person, status_word
from referrals.admin.history import what
from referrals.admin.scoped import FactsAdmin, Panel, ProgramFilter, asker
from referrals.admin.steps import Step, StepsAdmin
from referrals.models import Event
from referrals.transitions import Moved
from rewards.admin.reward_filters import BudgetFilter, DecideFilter
from rewards.admin.reward_steps import STEPS
from rewards.models import Reward
from rewards.services.explanation import for_staff

REASON = dict(Reward.Reason.choices)
# The log of the app below knows its own reasons only.
history.REASON.update(REASON)


@admin.register(Reward)
class RewardAdmin(StepsAdmin, FactsAdmin):
    about = gettext_lazy("What has been promised, and what somebody has to decide about it.")
    list_display = ("gift", "recipient", "state", "worth", "not_before", "how", "because", "program")
    list_display_links = ("gift",)
    list_filter = (
        DecideFilter,
        "status",
        "incentive__kind",
        "incentive__fulfilment",
        "side",
        BudgetFilter,
        ProgramFilter,
        "due_at",
    )
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
    steps = STEPS

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).with_people().select_related("first_approval")

    def report(self, request: HttpRequest, step: Step, moved: Moved) -> None:
        """A first approval of two did what it could: that is news, and no refusal."""
        mine = asker(request).pk
        noted = [row for row in moved.refused if step.name == "approve" and row.first_approval_id == mine]
        super().report(request, step, Moved(moved.moved, [row for row in moved.refused if row not in noted]))
        if noted:
            words = ngettext(
                "Your approval of %(row)s is noted. A reward of this value needs a second person.",
                "%(count)d of your approvals are noted. Rewards of this value need a second person.",
                len(noted),
            )
            messages.info(request, words % {"row": noted[0], "count": len(noted)})

    def summary(self, obj: Reward) -> Sequence[Any]:
        first: list[Any] = [format_html("{} {} – {}", self.state(obj), obj, obj.worth)]
        if obj.first_approval:
            by = _("%(name)s approved it first; a second person has to as well.")
            first += [by % {"name": colleague(obj.first_approval)}] if obj.status == "pending" else []
        note = [_("Written to the person: “%(note)s”") % {"note": obj.status_note}] if obj.status_note else []
        return [*first, *for_staff(obj), *note]

    def panels(self, request: HttpRequest, obj: Reward) -> list[Panel]:
        return [steps_panel(obj), books_panel(obj)]

    @admin.display(description=gettext_lazy("reward"), ordering="incentive__name")
    def gift(self, reward: Reward) -> Any:
        return person(reward.incentive.name, reward.incentive.get_kind_display())

    @admin.display(description=gettext_lazy("for"), ordering="enrolment__advocate__name")
    def recipient(self, reward: Reward) -> Any:
        return person(reward.recipient_name, reward.get_side_display())

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, reward: Reward) -> Any:
        word = status_word(reward.status, reward.get_status_display())
        if reward.status != Reward.Status.PENDING or not reward.first_approval:
            return word
        return person(
            word, _("approved by %(name)s, needs a second") % {"name": colleague(reward.first_approval)}
        )

    @admin.display(description=gettext_lazy("handed out"), ordering="incentive__fulfilment")
    def how(self, reward: Reward) -> str:
        return reward.incentive.get_fulfilment_display()

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


def steps_panel(reward: Reward) -> Panel:
    """The happening that earned it and each step since, oldest first: who, when and why."""
    keys = [f"reward:{reward.pk}:{step}" for step in range(reward.step + 1)]
    events = Event.objects.filter(Q(pk=reward.event_id) | Q(dedup_key__in=keys)).select_related("actor")
    return Panel(
        _("Step by step"),
        (_("When"), _("What happened"), _("Why"), _("By")),
        [
            (
                moment(event.occurred_at, reward.program.zone), what(event), step_reason(event),
                colleague(event.actor) or _("the product"),
            )
            for event in events.order_by("occurred_at", "pk")
        ],
    )  # fmt: skip


def step_reason(event: Event) -> str:
    """Why a step was taken, with the words of whoever took it."""
    reason = str(REASON.get(event.data.get("reason"), ""))
    return " · ".join(part for part in (reason, event.data.get("note", "")) if part)


def books_panel(reward: Reward) -> Panel:
    """Where its cost went in the ledger."""
    booked = reward.ledger_transactions.prefetch_related("entries").order_by("recorded_at", "pk")
    return Panel(
        _("In the books"),
        (_("When"), _("From → to"), _("Amount")),
        [(moment(row.recorded_at, reward.program.zone), row.path, row.amount_in_words) for row in booked],
        _("It has moved no money and no points."),
    )


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
