from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy

from referrals.admin.cells import link_to, moment, status_word
from referrals.admin.scoped import FactsAdmin
from referrals.admin.steps import Step, StepsAdmin
from rewards.models import FulfilmentCall
from rewards.services.fulfilment import ask_again

Status = FulfilmentCall.Status
TONES = {Status.WAITING: "sending", Status.DONE: "sent", Status.FAILED: "failed"}


@admin.register(FulfilmentCall)
class FulfilmentCallAdmin(StepsAdmin, FactsAdmin):
    about = gettext_lazy("Other systems that were asked to hand a reward out, and what they said.")
    list_display = ("what", "state", "attempts", "said", "next_call", "program")
    list_display_links = ("what",)
    list_filter = ("status",)
    list_select_related = (
        "reward__incentive",
        "reward__referral",
        "reward__enrolment__advocate",
        "reward__program",
    )
    search_fields = ("reward__enrolment__advocate__name", "reward__incentive__name")
    search_help_text = gettext_lazy("Advocate or incentive")
    ordering = ("-created_at",)
    fields = ("reward_link", "attempts", "said", "next_call", "since")
    readonly_fields = ("reward_link", "said", "next_call", "since")
    steps = (
        Step(
            name="again", label=gettext_lazy("Ask again"), carry_out=ask_again,
            does=gettext_lazy("The system is asked once more, under the same number: it can tell a repeat."),
            fits=lambda row: row.status == Status.FAILED,
        ),
    )  # fmt: skip

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def summary(self, obj: FulfilmentCall) -> Sequence[Any]:
        return [self.state(obj)]

    @admin.display(description=gettext_lazy("reward"))
    def what(self, call: FulfilmentCall) -> str:
        return str(call.reward)

    @admin.display(description=gettext_lazy("reward"))
    def reward_link(self, call: FulfilmentCall) -> Any:
        return link_to(call.reward)

    @admin.display(description=gettext_lazy("program"))
    def program(self, call: FulfilmentCall) -> str:
        return str(call.reward.program)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, call: FulfilmentCall) -> Any:
        return status_word(TONES[Status(call.status)], call.get_status_display())

    @admin.display(description=gettext_lazy("answer"))
    def said(self, call: FulfilmentCall) -> str:
        return call.answer

    @admin.display(description=gettext_lazy("next call"), ordering="due_at")
    def next_call(self, call: FulfilmentCall) -> Any:
        return moment(call.due_at, call.reward.program.zone) if call.status == Status.WAITING else "–"

    @admin.display(description=gettext_lazy("since"))
    def since(self, call: FulfilmentCall) -> Any:
        return moment(call.created_at, call.reward.program.zone)
