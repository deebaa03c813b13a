"""What may come of a call, in the order in which it comes up; each is one or two clicks on the call's page."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.referral_steps import AttachForm, ConvertedForm, FriendForm, HandOverForm
from campaigns.models import OutreachPlan
from campaigns.services.asks import start_nurture
from campaigns.services.attaching import attach
from referrals.admin.steps import Step, StepForm
from referrals.contacts import clean_text
from referrals.models import FollowUp, Referral
from referrals.services.follow_up import add_note, log_call, log_sale, snooze, take_over
from referrals.services.handling import correct_friend, hand_over
from referrals.transitions import Moved

Outcome = FollowUp.Outcome
LATEST = timedelta(days=366)


class NoteForm(StepForm):
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=300,
        help_text=gettext_lazy("For whoever calls next. The friend may ask to read it."),
    )  # fmt: skip

    def clean_note(self) -> str:
        return clean_text(self.cleaned_data["note"])


class OnlyNoteForm(NoteForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = True


class MomentField(forms.DateTimeField):
    """A time on the clock of the program's office."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    zone = ZoneInfo("UTC")

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(self.zone):
            return super().to_python(value)


class AgainForm(NoteForm):
    """When to call again; the call's page offers times, and this asks for any other."""

    again = MomentField(label=gettext_lazy("Call again on"), required=False)
    field_order: tuple[str, ...] = ("again", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = self.rows.select_related("referral__program").get().referral.program.zone
        field: Any = self.fields["again"]
        field.zone = self.zone
        field.help_text = field.help_text or _("Empty: the next working day.")

    def clean_again(self) -> datetime | None:
        again: datetime | None = self.cleaned_data["again"]
        if again and not timezone.now() < again < timezone.now() + LATEST:
            raise forms.ValidationError(_("Choose a time from now on, within a year."))
        return again


class TalkedForm(AgainForm):
    again = MomentField(
        label=gettext_lazy("Next call"), required=False, help_text=gettext_lazy("Empty: none for now.")
    )


class LaterForm(AgainForm):
    again = MomentField(
        label=gettext_lazy("Until"),
        error_messages={"required": gettext_lazy("Say until when.")},
        help_text=gettext_lazy("On the clock of the office."),
    )


class NotReadyForm(LaterForm):
    plan = forms.ModelChoiceField(
        OutreachPlan.objects.none(),
        label=gettext_lazy("Write to them meanwhile"),
        required=False,
        empty_label=gettext_lazy("no, only call again"),
        help_text=gettext_lazy("A nurture plan; it stops by itself when they answer."),
    )
    field_order = ("again", "plan", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        referral = self.rows.select_related("referral").get().referral
        plans = OutreachPlan.objects.live().filter(
            program=referral.program_id, audience=OutreachPlan.Audience.FRIENDS
        )
        field: Any = self.fields["plan"]
        if not (referral.accepted_at and referral.email):
            field.disabled = True
            field.help_text = _(
                "Nobody can write to them meanwhile: they have not said yes to it and left an address."
            )
        elif plans.exists():
            field.queryset = plans
        else:
            field.disabled = True
            field.help_text = format_html(
                '{} <a href="{}">{}</a>',
                _("Nobody can write to them meanwhile: no plan for friends who are not ready yet is live."),
                reverse("admin:campaigns_outreachplan_changelist"), _("Plans"),
            )  # fmt: skip


class AboutReferral(StepForm):
    """A form about the friend of a call; it gets the call."""

    def __init__(self, *args: Any, rows: Any, **kwargs: Any) -> None:
        super().__init__(*args, rows=Referral.objects.filter(pk__in=rows.values("referral")), **kwargs)


class SaleForm(AboutReferral, ConvertedForm):
    pass


class ColleagueForm(AboutReferral, HandOverForm):
    pass


class CorrectionForm(AboutReferral, FriendForm):
    pass


class AttachCallForm(AboutReferral, AttachForm):
    pass


def _one(rows: Any) -> FollowUp:
    call: FollowUp = rows.select_related("referral__program", "referral__enrolment").get()
    return call


def _log(outcome: str, rows: Any, *, again: datetime | None = None, **decided: Any) -> Moved:
    call = _one(rows)
    log_call(call, outcome, again_at=again, **decided)
    call.refresh_from_db()
    return Moved([call], [])


def _with_call(act: Callable[..., Any], rows: Any, **decided: Any) -> Moved:
    call = _one(rows)
    act(call, **decided)
    return Moved([call], [])


def _not_ready(rows: Any, *, plan: OutreachPlan | None = None, **decided: Any) -> Moved:
    with transaction.atomic():
        moved = _log(Outcome.NOT_READY, rows, **decided)
        if plan:
            start_nurture(moved.moved[0].referral, plan, now=decided["now"], by=decided["by"])
    return moved


def _snooze(call: FollowUp, *, again: datetime, **decided: Any) -> None:
    snooze(call, again, **decided)


def _correct(call: FollowUp, *, now: datetime, by: Any, **details: str) -> None:
    correct_friend(call.referral, details, now=now, by=by)


def _hand_over(rows: Any, owner: Any, **decided: Any) -> Moved:
    hand_over(Referral.objects.filter(pk__in=list(rows.values_list("referral", flat=True))), owner, **decided)
    return Moved(list(rows), [])


def _attach(rows: Any, **decided: Any) -> Moved:
    return attach(Referral.objects.filter(pk__in=list(rows.values_list("referral", flat=True))), **decided)


def _is_open(call: FollowUp) -> bool:
    return call.done_at is None


def _outcome(
    outcome: FollowUp.Outcome, does: Any, form: type[StepForm] = NoteForm, *, danger: bool = False
) -> Step:
    carry_out: Callable[..., Moved] = partial(_log, outcome)
    return Step(
        name=outcome.value.replace("_", "-"), label=outcome.label, does=does, carry_out=carry_out,
        form=form, bulk=False, fits=_is_open, danger=danger,
    )  # fmt: skip


OUTCOMES = (
    _outcome(Outcome.REACHED, gettext_lazy("The referral becomes “contacted”."), TalkedForm),
    _outcome(Outcome.QUALIFIED, gettext_lazy("The referral becomes “qualified”."), TalkedForm),
    _outcome(Outcome.NO_ANSWER, gettext_lazy("A new call is due when the office opens next."), AgainForm),
    Step(
        name="not-ready", label=Outcome.NOT_READY.label, form=NotReadyForm, bulk=False, fits=_is_open,
        carry_out=_not_ready, does=gettext_lazy("We call again later; the friend said when."),
    ),
    Step(
        name="sold", label=gettext_lazy("Sold"), form=SaleForm, bulk=False, fits=_is_open,
        carry_out=partial(_with_call, log_sale),
        does=gettext_lazy("The sale is recorded once, its rewards are promised, and both sides are thanked."),
    ),
    _outcome(Outcome.NOT_INTERESTED, gettext_lazy("The referral is lost; nobody calls again."), danger=True),
    _outcome(Outcome.NOT_A_FIT, gettext_lazy("The referral is lost; the advocate reads it kindly put."), danger=True),
    _outcome(Outcome.WRONG_PERSON, gettext_lazy("The referral is lost; nobody calls again."), danger=True),
    _outcome(Outcome.GIVEN_UP, gettext_lazy("We tried often enough; nobody calls again."), danger=True),
)  # fmt: skip

AROUND = (
    Step(
        name="take-over", label=gettext_lazy("Take over"), done=gettext_lazy("Taken over"), bulk=False, fits=_is_open,
        carry_out=partial(_with_call, take_over), does=gettext_lazy("The call and its friend are yours now."),
    ),
    Step(
        name="hand-over", label=gettext_lazy("Hand over"), form=ColleagueForm, fits=_is_open, carry_out=_hand_over,
        done=gettext_lazy("Handed over"),
        does=gettext_lazy("A colleague takes over, and gets a mail about it."),
    ),
    Step(
        name="snooze", label=gettext_lazy("Put off"), form=LaterForm, bulk=False, fits=_is_open,
        carry_out=partial(_with_call, _snooze), does=gettext_lazy("Nobody is reminded before that time."),
    ),
    Step(
        name="note", label=gettext_lazy("Add a note"), done=gettext_lazy("Note added"), form=OnlyNoteForm, bulk=False,
        carry_out=partial(_with_call, add_note), does=gettext_lazy("It stands in the history of the friend."),
    ),
    Step(
        name="attach", label=gettext_lazy("Somebody else told them"), form=AttachCallForm, bulk=False,
        done=gettext_lazy("Counts for somebody else now"),
        carry_out=_attach, fits=lambda row: _is_open(row) and not row.referral.erased_at,
        does=gettext_lazy(
            "“She called and mentioned Anna”: the friend counts for another advocate because you say so, and the "
            "call goes on in their name."
        ),
    ),
    Step(
        name="correct", label=gettext_lazy("Correct the friend's details"), form=CorrectionForm, bulk=False,
        done=gettext_lazy("Details corrected"),
        carry_out=partial(_with_call, _correct), does=gettext_lazy("For what was mistyped. Nothing is sent again."),
        fits=lambda row: not row.referral.erased_at,
    ),
)  # fmt: skip
