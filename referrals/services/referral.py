from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from referrals.hours import due_within_office_hours
from referrals.locks import hold
from referrals.models import (
    ApiCall,
    Channel,
    Click,
    Consent,
    Enrolment,
    Event,
    FollowUp,
    Mention,
    Program,
    Referral,
    RiskAssessment,
    Submission,
)
from referrals.public_ids import public_id
from referrals.services.assignment import choose_callers, events_of_assignment
from referrals.services.customer import forget_advocate
from referrals.services.enrolment import enrol_address
from referrals.services.known import Friend as Friend
from referrals.services.known import Known, what_is_known
from referrals.services.known import NamedBefore as NamedBefore
from referrals.services.risk import Evidence, assess, signs_of, signs_of_answer, weigh
from referrals.services.visit import comes_back
from referrals.transitions import Refused
from referrals.upsert import insert_all
from referrals.visitors import Client

SUBMISSION_LIVES = timedelta(hours=48)
# What an event may go on saying about a friend who asked to be forgotten.
IMPERSONAL = {
    "from", "to", "reason", "outcome", "fields", "order", "amount", "left", "currency", "reward", "side", "rule",
}  # fmt: skip


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


def confirm_submission(
    submission: Submission, *, now: datetime, client: Client | None = None
) -> tuple[Enrolment, list[Referral]]:
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
            agreement=submission.agreement, channel=submission.channel, client=client, now=now,
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
    client: Client | None = None,
    by: Any = None,
) -> list[Referral]:
    """Take in friends that an advocate named, all or none, with everything that follows from it.

    Friends who are customers already, or were recommended before, are taken in with a status that says
    so: whoever recommends them is told the same as everyone else, and nothing is sent. So are those at whom a
    person has to look first, for what they and ``client``, where the form was sent from, show.
    Raises Refused with a sentence when the advocate has named too many people today, and NamedBefore when
    they have named one of these before.
    """
    if not friends:
        return []
    program = enrolment.program
    with transaction.atomic():
        queue_up(enrolment, friends)
        known = what_is_known(enrolment, friends, source, now)
        referrals = [
            new_referral(
                enrolment, friend, known.reasons, source=source, channel=channel, click=click, now=now
            )
            for friend in friends
        ]
        choose_callers(enrolment, referrals, now=now)
        risks = _look_for_risk(referrals, known, client, now)
        insert_all(referrals)
        insert_all(risks)
        who = Consent.Who.FRIEND if source in Referral.JOINED else Consent.Who.ADVOCATE
        insert_all([Consent(referral=r, who=who, words=agreement, given_at=now) for r in referrals])
        due = due_within_office_hours(program, now, program.contact_within_hours)
        insert_all([FollowUp(referral=r, owner_id=r.owner_id, due_at=due) for r in referrals if r.is_open])
        events = events_of_submission(referrals, by, now)
        Event.objects.record([*events, *events_of_assignment(referrals, enrolment, now)], now=now)
    return referrals


def _look_for_risk(
    referrals: Sequence[Referral], known: Known, client: Client | None, now: datetime
) -> list[RiskAssessment]:
    """Put those under review at whom a person has to look. What staff enter, a person has looked at."""
    first = referrals[0]
    if first.source == Referral.Source.STAFF:
        return []
    came_by_link = first.source in Referral.BY_THEMSELVES
    for referral in referrals:
        sent_from = asdict(client) if client else {}
        referral.friend_client, referral.advocate_client = (
            (sent_from, {}) if came_by_link else ({}, sent_from)
        )
    program = first.enrolment.program
    clients = known.clients if came_by_link else ()
    risks = weigh(
        program, [(r, signs_of(evidence_of(r, known, clients, client))) for r in referrals], now=now
    )
    put_under_review(risks, program)
    return risks


def put_under_review(risks: Sequence[RiskAssessment], program: Program) -> None:
    """Let new referrals, not stored yet, wait for a person where they look suspicious enough."""
    for risk in risks:
        if risk.score >= program.review_from and risk.referral.status == Referral.Status.SUBMITTED:
            risk.referral.status = Referral.Status.UNDER_REVIEW
            risk.referral.status_reason = Referral.Reason.SUSPICIOUS


def evidence_of(
    referral: Referral, known: Known, clients: tuple[Client, ...], client: Client | None
) -> Evidence:
    advocate = referral.enrolment.advocate
    return Evidence(
        name=referral.name, email=referral.email, advocate_name=advocate.name, advocate_email=advocate.email,
        friend_client=client if client and clients else Client(), advocate_clients=clients,
        known=tuple(known.alike), named_in_hour=known.named_in_hour, named_in_day=known.named_in_day,
    )  # fmt: skip


def accept(
    referral: Referral, *, agreement: str, phone: str = "", note: str = "", now: datetime,
    client: Client | None = None,
) -> None:  # fmt: skip
    """The friend says yes: they want to be called. Saying it again changes only the details. ``client`` is
    where they sit: at the advocate's own desk, a person looks first.

    Raises Refused when the friend's data has been deleted.
    """
    with transaction.atomic():
        row = Referral.objects.select_for_update().get(pk=referral.pk)
        if row.erased_at:
            raise Refused(_("Your data has been deleted. If you have changed your mind, please write to us."))
        first_time = row.accepted_at is None
        added = note if note != row.note else ""
        row.phone, row.note, row.accepted_at = phone or row.phone, note or row.note, row.accepted_at or now
        row.friend_client = asdict(client) if client else row.friend_client
        row.set_keys()
        row.save(update_fields=["phone", "phone_key", "note", "accepted_at", "friend_client"])
        if not first_time and row.status != Referral.Status.LOST:
            if added:
                _hear(row, added, now)
            return
        Consent.objects.create(referral=row, who=Consent.Who.FRIEND, words=agreement, given_at=now)
        if row.status == Referral.Status.LOST:
            row.advance(Referral.Status.SUBMITTED, now=now)
        _review_answer(row, client, now)
        _call_soon(row, now)
        Event.objects.record([_event(Event.Kind.REFERRAL_ACCEPTED, referral, now)], now=now)


def _hear(row: Referral, words: str, now: datetime) -> None:
    """A friend whom we know writes once more: whoever calls them reads it, and calls as soon as a new friend is
    called. Somebody who has only just answered goes on with what they were saying."""
    if not row.is_open or not comes_back(row, now):
        return
    due = due_within_office_hours(row.program, now, row.program.contact_within_hours)
    if not FollowUp.objects.open().filter(referral=row, due_at__lte=due).exists():
        _call_soon(row, now)
    key = f"referral:{row.pk}:wrote:{row.program.local(now):%Y-%m-%dT%H}"
    wrote = _event(Event.Kind.REFERRAL_RETURNED, row, now, data={"note": words}, dedup_key=key)
    Event.objects.record([wrote], now=now)


def _review_answer(row: Referral, client: Client | None, now: datetime) -> None:
    if client is None or not row.may_become(Referral.Status.UNDER_REVIEW):
        return
    if assess(row, row.program, signs_of_answer(row, client), now=now):
        row.advance(Referral.Status.UNDER_REVIEW, now=now, reason=Referral.Reason.SUSPICIOUS)
        close_follow_ups([row], now=now)


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
    words = ["name", "email", "phone", "company", "relation", "note", "told_by", "status_note"]
    blank = dict.fromkeys(words, "")
    this.update(**blank, answers=[], advocate_client={}, friend_client={}, likeness="", erased_at=now)
    forget_advocate(referral)
    Mention.objects.about({referral.email_key or referral.phone_key}).delete()
    referral.follow_ups.update(note="")
    forget_words(Event.objects.filter(referral=referral))
    ApiCall.objects.forget(public_id("ref", referral.pk))
    key = f"referral:{referral.pk}:erased"
    Event.objects.record([_event(Event.Kind.REFERRAL_ERASED, referral, now, dedup_key=key)], now=now)


def forget_words(history: Any) -> None:
    """Take out of these events what anyone wrote about somebody; what they say of money and time stays."""
    events = list(history)
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
    program = enrolment.program_id
    hold([f"advocate:{enrolment.pk}", *(f"friend:{program}:{key}" for key in keys)], within=program)


def new_referral(
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
        accepted_at=now if source in Referral.JOINED else None,
        **asdict(friend),
    )
    referral.set_keys()
    return referral


def _call_soon(referral: Referral, now: datetime) -> None:
    program = referral.program
    due = due_within_office_hours(program, now, program.contact_within_hours)
    waiting = FollowUp.objects.open().filter(referral=referral)
    if referral.is_open and not waiting.update(due_at=due, told=FollowUp.Told.NOTHING):
        FollowUp.objects.create(referral=referral, owner_id=referral.owner_id, due_at=due)


def events_of_submission(referrals: Sequence[Referral], by: Any, now: datetime) -> list[Event]:
    events = []
    for referral in referrals:
        key = f"referral:{referral.pk}"
        events.append(
            _event(Event.Kind.REFERRAL_SUBMITTED, referral, now, by=by, dedup_key=f"{key}:submitted")
        )
        if referral.accepted_at:
            events.append(_event(Event.Kind.REFERRAL_ACCEPTED, referral, now, dedup_key=f"{key}:accepted"))
        if not referral.is_open:
            data = {"reason": referral.status_reason}
            kind = f"referral.{referral.status}"
            events.append(_event(kind, referral, now, data=data, dedup_key=f"{key}:settled"))
    return events


def _event(kind: str, referral: Referral, now: datetime, **more: Any) -> Event:
    enrolment = referral.enrolment
    return Event(
        kind=kind, program_id=referral.program_id, advocate_id=enrolment.advocate_id, referral=referral,
        occurred_at=now, data=more.pop("data", {}), actor=more.pop("by", None), **more,
    )  # fmt: skip
