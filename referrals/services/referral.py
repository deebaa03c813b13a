from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from referrals.contacts import email_key, phone_key
from referrals.hours import due_within_office_hours
from referrals.locks import hold
from referrals.models import (
    Advocate,
    Channel,
    Click,
    Consent,
    Enrolment,
    Event,
    FollowUp,
    Referral,
    Submission,
)
from referrals.services.assignment import choose_callers, events_of_assignment
from referrals.services.enrolment import enrol_address
from referrals.transitions import Refused

REFERRALS_A_DAY = 30
# Of their own accord: they were named by nobody, and do not use up what an advocate may name in a day.
_CAME_BY_LINK = models.Q(source__in=Referral.BY_THEMSELVES)
SUBMISSION_LIVES = timedelta(hours=48)
# What an event may go on saying about a friend who asked to be forgotten.
IMPERSONAL = {
    "from", "to", "reason", "outcome", "fields", "order", "amount", "currency", "reward", "side", "rule",
}  # fmt: skip


@dataclass
class Friend:
    """What somebody told us about a friend, or a friend about themselves; cleaned by the form."""

    name: str
    email: str = ""
    phone: str = ""
    company: str = ""
    relation: str = ""
    note: str = ""
    answers: list[dict[str, str]] = field(default_factory=list)
    fit: int | None = None

    @property
    def keys(self) -> set[str]:
        return {email_key(self.email), phone_key(self.phone)} - {""}


class NamedBefore(Refused):
    """The advocate named one of these friends before; ``keys`` are those of everyone they have named."""

    def __init__(self, text: str, keys: set[str]) -> None:
        super().__init__(text)
        self.keys = keys


def hold_submission(
    program: Any,
    *,
    name: str,
    email: str,
    language: str,
    friends: Sequence[Friend],
    agreement: str,
    channel_id: int | None,
    now: datetime,
) -> Submission:
    """Keep what an unknown advocate typed until they prove their address; nothing leaves before that."""
    return Submission.objects.create(
        program=program, channel_id=channel_id, name=name, email=email, language=language,
        friends=[asdict(friend) for friend in friends], agreement=agreement,
        created_at=now, expires_at=now + SUBMISSION_LIVES,
    )  # fmt: skip


def confirm_submission(submission: Submission, *, now: datetime) -> tuple[Enrolment, list[Referral]]:
    """Submit what was held, in the name of whoever has just proved the address. Repeatable: the second
    call finds the same enrolment and submits nothing. Raises Refused as ``submit_referrals`` does."""
    with transaction.atomic():
        enrolment = enrol_address(
            submission.program,
            name=submission.name,
            email=submission.email,
            language=submission.language,
            now=now,
        )
        if not Submission.objects.filter(pk=submission.pk, confirmed_at=None).update(
            confirmed_at=now, friends=[]
        ):
            return enrolment, []
        friends = [Friend(**friend) for friend in submission.friends]
        queue_up(enrolment, friends)
        known = already_named(enrolment, friends)
        return enrolment, submit_referrals(
            enrolment, [f for f in friends if not f.keys & known],
            agreement=submission.agreement, channel=submission.channel, now=now,
        )  # fmt: skip


def already_named(enrolment: Enrolment, friends: Sequence[Friend]) -> set[str]:
    """Which of these friends' keys this advocate has given before."""
    keys = set().union(*(friend.keys for friend in friends)) if friends else set()
    pairs = enrolment.referrals.about(email_keys=keys, phone_keys=keys).values_list("email_key", "phone_key")
    return {key for pair in pairs for key in pair if key}


def submit_referrals(
    enrolment: Enrolment,
    friends: Sequence[Friend],
    *,
    now: datetime,
    agreement: str,
    channel: Channel | None = None,
    source: str = Referral.Source.FORM,
    click: Click | None = None,
    by: Any = None,
) -> list[Referral]:
    """Take in friends that an advocate named, all or none, with everything that follows from it.

    Friends who are customers already, or were recommended before, are taken in with a status that says
    so: whoever recommends them is told the same as everyone else, and nothing is sent.
    Raises Refused with a sentence when the advocate has named too many people today, and NamedBefore when
    they have named one of these before.
    """
    if not friends:
        return []
    program = enrolment.program
    with transaction.atomic():
        queue_up(enrolment, friends)
        settled = _why_not(enrolment, friends, source, now)
        referrals = [
            _new_referral(enrolment, friend, settled, source=source, channel=channel, click=click, now=now)
            for friend in friends
        ]
        choose_callers(enrolment, referrals, now=now)
        Referral.objects.bulk_create(referrals)
        who = Consent.Who.FRIEND if source == Referral.Source.LINK else Consent.Who.ADVOCATE
        Consent.objects.bulk_create(
            [Consent(referral=r, who=who, words=agreement, given_at=now) for r in referrals]
        )
        due = due_within_office_hours(program, now, program.contact_within_hours)
        FollowUp.objects.bulk_create(
            [FollowUp(referral=r, owner_id=r.owner_id, due_at=due) for r in referrals if r.is_open]
        )
        events = _events_of_submission(enrolment, referrals, by, now)
        Event.objects.record([*events, *events_of_assignment(referrals, enrolment, now)], now=now)
    return referrals


def accept(referral: Referral, *, agreement: str, phone: str = "", note: str = "", now: datetime) -> None:
    """The friend says yes: they want to be called. Saying it again changes only the details.

    Raises Refused when the friend's data has been deleted.
    """
    with transaction.atomic():
        row = Referral.objects.select_for_update().get(pk=referral.pk)
        if row.erased_at:
            raise Refused(_("Your data has been deleted. If you have changed your mind, please write to us."))
        first_time = row.accepted_at is None
        row.phone, row.note, row.accepted_at = phone or row.phone, note or row.note, row.accepted_at or now
        row.set_keys()
        row.save(update_fields=["phone", "phone_key", "note", "accepted_at"])
        if not first_time and row.status != Referral.Status.LOST:
            return
        Consent.objects.create(referral=row, who=Consent.Who.FRIEND, words=agreement, given_at=now)
        if row.status == Referral.Status.LOST:
            row.advance(Referral.Status.SUBMITTED, now=now)
        _call_soon(row, now)
        Event.objects.record([_event(Event.Kind.REFERRAL_ACCEPTED, referral, now)], now=now)


def decline(referral: Referral, *, now: datetime) -> None:
    """The friend says no thanks: nobody calls, nothing more is sent. Saying it again changes nothing."""
    with transaction.atomic():
        Referral.objects.filter(pk=referral.pk).advance(
            Referral.Status.LOST, now=now, reason=Referral.Reason.DECLINED
        )
        close_follow_ups([referral], now=now)


def erase_friend(referral: Referral, *, now: datetime) -> None:
    """Delete what we know about the friend, whoever named them; hashes stay, so that nobody asks them again,
    and so do counts."""
    with transaction.atomic():
        for row in Referral.objects.of_same_person(referral).select_related("enrolment"):
            _erase(row, now)


def _erase(referral: Referral, now: datetime) -> None:
    this = Referral.objects.filter(pk=referral.pk)
    this.advance(Referral.Status.LOST, now=now, reason=Referral.Reason.ERASED)
    close_follow_ups([referral], now=now)
    blank = dict.fromkeys(["name", "email", "phone", "company", "relation", "note", "status_note"], "")
    this.update(**blank, answers=[], erased_at=now)
    referral.follow_ups.update(note="")
    _forget_words(referral)
    key = f"referral:{referral.pk}:erased"
    Event.objects.record([_event(Event.Kind.REFERRAL_ERASED, referral, now, dedup_key=key)], now=now)


def _forget_words(referral: Referral) -> None:
    """Take out of the friend's history what anyone wrote about them; what it says of money and time stays."""
    events = list(Event.objects.filter(referral=referral))
    for event in events:
        event.data = {name: value for name, value in event.data.items() if name in IMPERSONAL}
    Event.objects.bulk_update(events, ["data"], batch_size=200)


def close_follow_ups(referrals: Sequence[Referral], *, now: datetime) -> None:
    """Take referrals that are settled off the call list."""
    FollowUp.objects.open().filter(referral__in=referrals).update(
        done_at=now, outcome=FollowUp.Outcome.OVERTAKEN
    )


def queue_up(enrolment: Enrolment, friends: Sequence[Friend]) -> None:
    """Let nobody else submit for this advocate, or name these friends, until this transaction is over.

    So the daily limit holds, and a friend whom ten people name at one moment is asked once. Do not lock the
    enrolment's row instead: storing a referral needs it, so that the two would wait for each other.
    """
    keys = set().union(*(friend.keys for friend in friends))
    hold([f"advocate:{enrolment.pk}", *(f"friend:{enrolment.program_id}:{key}" for key in keys)])


def _new_referral(
    enrolment: Enrolment, friend: Friend, settled: dict[str, str], *, source: str, channel: Channel | None,
    click: Click | None, now: datetime,
) -> Referral:  # fmt: skip
    reason = next((settled[key] for key in friend.keys if key in settled), "")
    referral = Referral(
        program_id=enrolment.program_id,
        enrolment=enrolment,
        channel=channel,
        click=click,
        source=source,
        owner_id=enrolment.program.owner_id,
        status=Referral.Status.REJECTED if reason else Referral.Status.SUBMITTED,
        status_reason=reason,
        status_at=now,
        submitted_at=now,
        accepted_at=now if source == Referral.Source.LINK else None,
        **asdict(friend),
    )
    referral.set_keys()
    return referral


def _why_not(enrolment: Enrolment, friends: Sequence[Friend], source: str, now: datetime) -> dict[str, str]:
    """For each key of a friend who cannot count: the reason, by address or phone.

    Raises Refused when this would be more friends than one advocate may name in a day.
    """
    keys = set().union(*(friend.keys for friend in friends))
    before, own, named_today = _named_before(enrolment, keys, now)
    _refuse_twice(friends, own)
    if source != Referral.Source.LINK and named_today + len(friends) > REFERRALS_A_DAY:
        raise Refused(
            ngettext(
                "You can recommend %(limit)d person a day. Nothing was sent; please come back tomorrow.",
                "You can recommend %(limit)d people a day. Nothing was sent; please come back tomorrow.",
                REFERRALS_A_DAY,
            )
            % {"limit": REFERRALS_A_DAY}
        )
    reasons: dict[str, str] = dict.fromkeys(before, Referral.Reason.ALREADY_REFERRED)
    circle = Referral.objects.filter(
        enrolment__advocate=models.OuterRef("pk"), email_key=enrolment.advocate.email_key
    )
    known = Advocate.objects.filter(models.Q(email_key__in=keys) | models.Q(phone_key__in=keys))
    for *pair, kind, was_referrer in known.annotate(was_referrer=models.Exists(circle)).values_list(
        "email_key", "phone_key", "kind", "was_referrer"
    ):
        if kind in Advocate.CUSTOMERS:
            reasons |= dict.fromkeys(pair, Referral.Reason.EXISTING_CUSTOMER)
        elif was_referrer and enrolment.advocate.email_key:
            reasons |= dict.fromkeys(pair, Referral.Reason.CIRCLE)
    return reasons


def _refuse_twice(friends: Sequence[Friend], named: set[str]) -> None:
    for friend in friends:
        if friend.keys & named:
            raise NamedBefore(
                _("%(name)s has been named already. Nothing was sent; take this name off and send the rest.")
                % {"name": friend.name},
                named,
            )
        named = named | friend.keys


def _named_before(enrolment: Enrolment, keys: set[str], now: datetime) -> tuple[set[str], set[str], int]:
    """Which of the keys anyone named in this program, which this advocate, and how many they named in a day."""
    today = models.Q(enrolment=enrolment, submitted_at__gt=now - timedelta(days=1)) & ~_CAME_BY_LINK
    same = models.Q(email_key__in=keys) | models.Q(phone_key__in=keys)
    rows = Referral.objects.filter(today | models.Q(models.Q(program_id=enrolment.program_id) & same))
    before: set[str] = set()
    own: set[str] = set()
    named_today = 0
    is_today = models.Case(models.When(today, then=True), default=False)
    for enrolment_id, is_counted, *pair in rows.values_list(
        "enrolment_id", is_today, "email_key", "phone_key"
    ):
        before |= keys.intersection(pair)
        own |= keys.intersection(pair) if enrolment_id == enrolment.pk else set()
        named_today += is_counted
    return before, own, named_today


def _call_soon(referral: Referral, now: datetime) -> None:
    program = referral.program
    due = due_within_office_hours(program, now, program.contact_within_hours)
    waiting = FollowUp.objects.open().filter(referral=referral)
    if referral.is_open and not waiting.update(due_at=due, told=FollowUp.Told.NOTHING):
        FollowUp.objects.create(referral=referral, owner_id=referral.owner_id, due_at=due)


def _events_of_submission(
    enrolment: Enrolment, referrals: Sequence[Referral], by: Any, now: datetime
) -> list[Event]:
    events = []
    for referral in referrals:
        key = f"referral:{referral.pk}"
        events.append(
            _event(Event.Kind.REFERRAL_SUBMITTED, referral, now, by=by, dedup_key=f"{key}:submitted")
        )
        if referral.accepted_at:
            events.append(_event(Event.Kind.REFERRAL_ACCEPTED, referral, now, dedup_key=f"{key}:accepted"))
        if referral.status == Referral.Status.REJECTED:
            data = {"reason": referral.status_reason}
            events.append(
                _event(Event.Kind.REFERRAL_REJECTED, referral, now, data=data, dedup_key=f"{key}:settled")
            )
    return events


def _event(kind: str, referral: Referral, now: datetime, **more: Any) -> Event:
    enrolment = referral.enrolment
    return Event(
        kind=kind, program_id=referral.program_id, advocate_id=enrolment.advocate_id, referral=referral,
        occurred_at=now, data=more.pop("data", {}), actor=more.pop("by", None), **more,
    )  # fmt: skip
