"""The decisions about a referral, in the order in which they come up."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.services.attaching import attach
from campaigns.services.review import close, take_up
from referrals.admin.cells import colleague
from referrals.admin.mention import AdvocateForm
from referrals.admin.steps import Step, StepForm, beside
from referrals.contacts import clean_email, clean_line, clean_name, clean_phone, clean_text, email_key
from referrals.models import Referral
from referrals.money import to_minor
from referrals.roles import callers_in
from referrals.services.conversion import record_conversion
from referrals.services.handling import correct_friend, hand_over, settle
from referrals.transitions import Moved

Status, Reason = Referral.Status, Referral.Reason
LOST = (
    Reason.NOT_INTERESTED, Reason.NOT_A_FIT, Reason.TOO_EXPENSIVE, Reason.COMPETITOR, Reason.NO_ANSWER,
    Reason.WRONG_PERSON, Reason.DECLINED,
)  # fmt: skip
REJECTED = (Reason.EXISTING_CUSTOMER, Reason.ALREADY_REFERRED, Reason.CIRCLE, Reason.SUSPICIOUS)


class NoteForm(StepForm):
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("Stands in the history."),
    )

    def clean_note(self) -> str:
        return clean_text(self.cleaned_data["note"])


class LostForm(NoteForm):
    reason = forms.ChoiceField(label=gettext_lazy("Why"), choices=[(r.value, r.label) for r in LOST])
    field_order = ("reason", "note")


class RejectedForm(NoteForm):
    reason = forms.ChoiceField(label=gettext_lazy("Why"), choices=[(r.value, r.label) for r in REJECTED])
    field_order = ("reason", "note")


class ConvertedForm(StepForm):
    amount = forms.DecimalField(label=gettext_lazy("Amount of the sale"), min_value=0, max_digits=12)
    order = forms.CharField(
        label=gettext_lazy("Order or deal number"), max_length=80, required=False,
        help_text=gettext_lazy("The same order counts once, however often it is reported."),
    )  # fmt: skip
    sold_on = forms.DateField(
        label=gettext_lazy("Sold on"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: today."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.program = self.rows.select_related("program").get().program
        self.fields["amount"].help_text = _("In %(currency)s.") % {"currency": self.program.currency}

    def clean_amount(self) -> int:
        try:
            return to_minor(self.cleaned_data["amount"], self.program.currency)
        except ValueError as error:
            raise forms.ValidationError(
                _("Write no more decimals than %(currency)s has."), params={"currency": self.program.currency}
            ) from error

    def clean_sold_on(self) -> datetime | None:
        day = self.cleaned_data["sold_on"]
        return datetime.combine(day, time(12), self.program.zone) if day else None


class AttachForm(AdvocateForm):
    note = forms.CharField(
        label=gettext_lazy("How you know"), max_length=300,
        help_text=gettext_lazy("Stands in the history and with the sales, such as: “She called and mentioned Anna.”"),
    )  # fmt: skip

    def clean_note(self) -> str:
        return clean_text(self.cleaned_data["note"])


class HandOverForm(StepForm):
    owner = forms.ModelChoiceField(User.objects.none(), label=gettext_lazy("To whom"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Whoever gets it must be able to open and log the call, in every program concerned.
        people = User.objects.filter(is_active=True).order_by("username")
        for program in self.rows.order_by().values_list("program", flat=True).distinct():
            people = people.filter(pk__in=callers_in([program]).order_by().values("pk"))
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]
        self.fields["owner"].label_from_instance = colleague  # type: ignore[attr-defined]


class FriendForm(StepForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    email = forms.CharField(label=gettext_lazy("E-mail"), max_length=254, required=False)
    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=40, required=False)
    company = forms.CharField(label=gettext_lazy("Company"), max_length=80, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.referral = self.rows.select_related("program").get()
        for name, field in self.fields.items():
            field.initial = getattr(self.referral, name)

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])

    def clean_company(self) -> str:
        return clean_line(self.cleaned_data["company"], 80)

    def clean_email(self) -> str:
        email = clean_email(self.cleaned_data["email"]) if self.cleaned_data["email"] else ""
        same = self.referral.enrolment.referrals.exclude(pk=self.referral.pk)
        if email and same.filter(email_key=email_key(email)).exists():
            raise forms.ValidationError(
                _("This advocate has named this person before. Open that referral instead.")
            )
        return email

    def clean_phone(self) -> str:
        phone = self.cleaned_data["phone"]
        return clean_phone(phone, self.referral.program.country) if phone else ""


def _sell(rows: Any, *, now: datetime, by: Any, amount: int, order: str, sold_on: datetime | None) -> Moved:
    referral = rows.select_related("program").get()
    record_conversion(
        referral, external_id=order, amount=amount, currency=referral.program.currency, now=now,
        occurred_at=sold_on, by=by,
    )  # fmt: skip
    return Moved([referral], [])


def _correct(rows: Any, *, now: datetime, by: Any, **details: str) -> Moved:
    referral = rows.get()
    correct_friend(referral, details, now=now, by=by)
    return Moved([referral], [])


def _settle(to: str) -> Any:
    def carry_out(rows: Any, **decided: Any) -> Moved:
        return settle(rows, to, **decided)

    return carry_out


def _review(rows: Any, **decided: Any) -> Moved:
    return settle(rows, Status.UNDER_REVIEW, reason=Reason.SUSPICIOUS, **decided)


STEPS = (
    Step(
        name="contacted", label=gettext_lazy("Contacted"), form=NoteForm, carry_out=_settle(Status.CONTACTED),
        does=gettext_lazy("Somebody has spoken with the friend. The call is taken off the list."),
        fits=lambda row: row.may_become(Status.CONTACTED),
    ),
    Step(
        name="qualified", label=gettext_lazy("Qualified"), form=NoteForm, carry_out=_settle(Status.QUALIFIED),
        does=gettext_lazy("The friend fits and wants to go on. Rewards for a qualified friend are promised."),
        fits=lambda row: row.may_become(Status.QUALIFIED),
    ),
    Step(
        name="converted", label=gettext_lazy("Became a customer"), form=ConvertedForm, carry_out=_sell, bulk=False,
        does=gettext_lazy("The sale is recorded once, its rewards are promised, and both sides are thanked."),
        fits=lambda row: row.may_become(Status.CONVERTED),
    ),
    Step(
        name="sale", label=gettext_lazy("Record another sale"), form=ConvertedForm, carry_out=_sell, bulk=False,
        does=gettext_lazy("A further order of this customer. Each order counts once; rewards are given once."),
        fits=lambda row: row.status == Status.CONVERTED,
    ),
    Step(
        name="hand-over", leads=beside, label=gettext_lazy("Hand over"), done=gettext_lazy("Handed over"),
        form=HandOverForm, carry_out=hand_over,
        does=gettext_lazy("A colleague takes over, with the calls that are still to be made."),
    ),
    Step(
        name="attach", leads=beside, label=gettext_lazy("Somebody else told them"), form=AttachForm, bulk=False,
        done=gettext_lazy("Counts for somebody else now"),
        carry_out=attach,
        does=gettext_lazy(
            "The friend, with what they bought, counts for another advocate because you say so. What was promised "
            "to the first one is taken back; a friend for whom something was handed out cannot move."
        ),
        fits=lambda row: row.status != Status.REJECTED and not row.erased_at,
    ),
    Step(
        name="correct", leads=beside, label=gettext_lazy("Correct the friend's details"), form=FriendForm,
        done=gettext_lazy("Details corrected"),
        carry_out=_correct,
        does=gettext_lazy("For what was mistyped. Nothing is sent again."), bulk=False,
        fits=lambda row: not row.erased_at,
    ),
    Step(
        name="reopen", label=gettext_lazy("Release or reopen"), form=NoteForm,
        carry_out=take_up,
        does=gettext_lazy(
            "The referral is new again, whoever is next calls within the office hours you promise, and what was "
            "declined because it did not count is promised again."
        ),
        fits=lambda row: row.may_become(Status.SUBMITTED) and not row.erased_at,
    ),
    Step(
        name="review", leads=beside, label=gettext_lazy("Put under review"), form=NoteForm, carry_out=_review,
        does=gettext_lazy("Nobody calls and nothing is promised until somebody decides."),
        fits=lambda row: row.may_become(Status.UNDER_REVIEW),
    ),
    Step(
        name="lost", label=gettext_lazy("Lost"), form=LostForm, carry_out=_settle(Status.LOST), danger=True,
        does=gettext_lazy("Nobody calls again. The advocate reads a kind word about it in the portal."),
        fits=lambda row: row.may_become(Status.LOST),
    ),
    Step(
        name="rejected", label=gettext_lazy("Does not count"), form=RejectedForm, danger=True,
        carry_out=close,
        does=gettext_lazy(
            "Nobody calls. What was promised for it is declined, what was handed out is claimed back. The advocate "
            "reads why in the portal."
        ),
        fits=lambda row: row.may_become(Status.REJECTED),
    ),
)  # fmt: skip
