"""The decisions about rewards: what each does, what it asks, and which rewards it fits."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.steps import Step, StepForm
from referrals.contacts import clean_note, clean_text
from rewards.models import Reward
from rewards.services.claim import Outcome, settle_claims
from rewards.services.reward import approve, decline, hand_out, mark_used, revoke, undo

Status = Reward.Status
GIVEN = (Status.APPROVED, Status.ISSUED, Status.REDEEMED)
DECIDED = (Status.APPROVED, Status.DECLINED, Status.REVOKED)
# Reasons that a person gives; the others are found by the product.
DECISIONS = [
    (reason.value, reason.label)
    for reason in Reward.Reason
    if reason not in (Reward.Reason.EXHAUSTED, Reward.Reason.SALE_REVERSED, Reward.Reason.SALE_REDUCED)
]


class ReasonForm(StepForm):
    reason = forms.ChoiceField(label=gettext_lazy("Reason"), choices=DECISIONS)
    note = forms.CharField(
        label=gettext_lazy("In your words"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The person reads this instead of the reason's own sentence."),
    )

    def clean_note(self) -> str:
        return clean_note(self.cleaned_data["note"])


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


class SettleForm(StepForm):
    outcome = forms.ChoiceField(label=gettext_lazy("What came of it"), choices=Outcome.choices)
    note = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300,
        help_text=gettext_lazy("How and when it came back, or why not: for whoever looks at the books."),
    )  # fmt: skip

    def clean_note(self) -> str:
        return clean_note(self.cleaned_data["note"])


def _is(*statuses: str) -> Any:
    return lambda row: row.status in statuses


STEPS = (
    Step(
        name="approve", label=gettext_lazy("Approve"), carry_out=approve, fits=_is(Status.PENDING),
        does=gettext_lazy("The company owes it from now on. What needs nobody is handed out once its waiting time is "
                          "over; the rest is handed out in a step of its own."),
    ),
    Step(
        name="hand-out", label=gettext_lazy("Hand out"), carry_out=hand_out, form=HandOutForm,
        does=gettext_lazy("The person gets the mail that hands it out, with the code if there is one."),
        fits=_is(Status.APPROVED),
    ),
    Step(
        name="used", label=gettext_lazy("Mark as used"), carry_out=mark_used, fits=_is(Status.ISSUED),
        does=gettext_lazy("They have spent it, or have it in hand. Taken back later, it is to be paid back."),
    ),
    Step(
        name="decline", label=gettext_lazy("Decline"), carry_out=decline, form=ReasonForm,
        does=gettext_lazy("The promise is withdrawn, and its money goes back to the budget."),
        fits=_is(Status.WAITING, Status.PENDING), danger=True,
    ),
    Step(
        name="revoke", label=gettext_lazy("Take back"), carry_out=revoke, form=ReasonForm,
        does=gettext_lazy("Not handed out yet: its money is free again. Handed out: it is to be paid back."),
        fits=_is(*GIVEN), danger=True,
    ),
    Step(
        name="settle", label=gettext_lazy("Settle the claim"), carry_out=settle_claims, form=SettleForm,
        does=gettext_lazy("Paid back, its money is free again; not asked for, it counts as spent; a mistake, it is "
                          "theirs as before. The ledger keeps the claim and the entry that ends it."),
        fits=_is(Status.CLAIMED),
    ),
    Step(
        name="undo", label=gettext_lazy("Take the decision back"), carry_out=undo,
        does=gettext_lazy("It is promised again, as far as budget, stock and codes allow."),
        fits=_is(*DECIDED),
    ),
)  # fmt: skip
