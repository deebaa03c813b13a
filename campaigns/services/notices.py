"""Who is told what, when something has happened: one function a purpose, all of them in bounded queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet, prefetch_related_objects
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import override

from campaigns.links import link_to, link_to_desk
from campaigns.models import Message, Purpose
from campaigns.services import outbox
from referrals.hours import due_within_office_hours
from referrals.models import Enrolment, Event, Membership, Program, Referral, Submission
from referrals.prepared import prepared
from rewards.models import Reward, RewardRule, Tier
from rewards.models.reward import NOT_COUNTED

TOLD = {
    Event.Kind.REFERRAL_SUBMITTED,
    Event.Kind.REFERRAL_ACCEPTED,
    Event.Kind.REFERRAL_RELEASED,
    Event.Kind.CONVERSION_RECORDED,
}
Callers = dict[tuple[int, int | None], Any]
# What is written about a friend who came and said yes.
CAME = (Purpose.FRIEND_CAME, Purpose.FRIEND_THANKS)
SET_ASIDE = (Reward.Status.PENDING, Reward.Status.APPROVED, Reward.Status.ISSUED)


def write_notices(events: Sequence[Event], *, now: datetime) -> None:
    """Queue what friends, advocates and staff are to read about these events."""
    outbox.queue(_of_tiers(events), now=now)
    told = [event for event in events if event.kind in TOLD and event.referral_id]
    if not told:
        return
    # Fetches only what is not there yet: nothing, after a form was sent in.
    prefetch_related_objects(told, "referral__enrolment__advocate", "referral__enrolment__program__owner")
    of_kind: dict[str, list[Referral]] = defaultdict(list)
    for event in told:
        of_kind[event.kind].append(event.referral)  # type: ignore[arg-type]
    _send_after_all(of_kind[Event.Kind.REFERRAL_RELEASED], now)
    messages = [
        *_of_submissions(of_kind[Event.Kind.REFERRAL_SUBMITTED], now),
        *_of_yeses(of_kind[Event.Kind.REFERRAL_ACCEPTED], now),
        *_of_sales(of_kind[Event.Kind.CONVERSION_RECORDED], now),
    ]
    outbox.queue(messages, now=now)


def ask_to_confirm(submission: Submission, *, now: datetime) -> None:
    """Send the link with which somebody proves that the address on the form is theirs. The mail repeats
    nothing that was typed: whoever typed it may not be whom it reaches."""
    program = submission.program
    message = Message(
        key=f"confirm:{submission.pk}",
        purpose=Purpose.CONFIRM,
        program=program,
        to_address=submission.email,
        language=submission.language or program.language,
        context={
            "friend_count": len(submission.friends),
            "link": link_to("confirm", program.slug, submission.token),
        },
    )
    outbox.queue([message], now=now)


def alert_staff(
    user: Any, *, key: str, program: Program | None, subject: str, body: str, now: datetime
) -> None:
    """Tell a staff member that something is wrong; the same ``key`` is told once. ``body`` is plain text."""
    message = Message(
        key=key,
        purpose=Purpose.STAFF_NOTICE,
        program=program,
        user=user,
        to_name=user.get_full_name()[:60],
        to_address=user.email,
        language=program.language if program else "",
        context={"subject": subject, "body": body},
    )
    outbox.queue([message], now=now)


def tell_invitations_wait(program: Program, *, now: datetime) -> None:
    """Once a day: the program has sent all the invitations it may."""
    if staff := who_calls(program, program.owner_id):
        with override(program.language):
            subject = _("Invitations of %(program)s wait until tomorrow") % {"program": program.name}
            body = _(
                "%(limit)d invitations have left in 24 hours. That is as many as the program allows; the rest "
                "leaves by itself, as room comes free.\n\nIf you did not expect so many, pause the program and look "
                "at the newest referrals. If you did, raise the limit:\n\n%(link)s"
            ) % {
                "limit": program.invitations_a_day,
                "link": link_to_desk(f"referrals/program/{program.pk}/change/"),
            }
        key = f"invitations-wait:{program.pk}:{program.local(now):%Y-%m-%d}"
        alert_staff(staff, key=key, program=program, subject=subject, body=body, now=now)


def _of_submissions(referrals: Iterable[Referral], now: datetime) -> Iterable[Message]:
    by_enrolment: dict[int, list[Referral]] = defaultdict(list)
    for referral in referrals:
        by_enrolment[referral.enrolment_id].append(referral)
    callers: Callers = {}
    for submitted in by_enrolment.values():
        named = [referral for referral in submitted if referral.source not in Referral.BY_THEMSELVES]
        yield from (_invitation(referral) for referral in named)
        yield from (_friend_came(referral) for referral in submitted if referral not in named)
        if named:
            yield _referral_thanks(named)
        by_caller: dict[int | None, list[Referral]] = defaultdict(list)
        for referral in named:
            if referral.is_open:
                by_caller[referral.owner_id].append(referral)
        for theirs in by_caller.values():
            yield from _alerts(theirs, "", now, callers)


def _of_yeses(referrals: list[Referral], now: datetime) -> Iterable[Message]:
    for referral in referrals:
        # A mail would tell whoever types names which of them are customers.
        if referral.source != Referral.Source.NAMED:
            yield _friend_thanks(referral)
        yield from _alerts([referral] if referral.is_open else [], "yes", now)


def _of_sales(referrals: list[Referral], now: datetime) -> Iterable[Message]:
    promised = _promised(referrals)
    for referral in referrals:
        message = to_advocate(
            Purpose.SUCCESS_THANKS, referral, friend_first_name=referral.first_name, link=link_to("portal")
        )
        with override(message.language):
            message.context |= _in_sight(promised[referral.pk], referral.enrolment.program, now)
        yield message
        yield to_friend(Purpose.WELCOME, referral)


def _promised(referrals: list[Referral]) -> dict[int | None, list[Reward]]:
    """What these referrals have earned their advocates by now; in one query."""
    found: dict[int | None, list[Reward]] = defaultdict(list)
    if referrals:
        earned = _set_aside([referral.pk for referral in referrals])
        for reward in sorted(earned, key=lambda reward: reward.pk):
            found[reward.referral_id].append(reward)
    return found


@prepared
def _set_aside(referrals: list[int]) -> QuerySet[Reward]:
    earned = Reward.objects.filter(referral__in=referrals, side=RewardRule.Side.ADVOCATE)
    told = earned.filter(status__in=SET_ASIDE).select_related("incentive", "wrapped_in")
    words = (f"{gift}__{field}" for gift in ("incentive", "wrapped_in") for field in ("name", "translations"))
    return told.only("referral", "due_at", "opened_at", *words)


def _in_sight(rewards: Sequence[Reward], program: Program, now: datetime) -> dict[str, str]:
    """What is set aside, and the day from which on it can be handed out, where that is not today."""
    due = max((reward.due_at for reward in rewards), default=now)
    return {
        "promised": in_words([reward.shown.told.name for reward in rewards]) if rewards else "",
        "promised_from": date_format(program.local(due), "DATE_FORMAT") if due > now else "",
    }


def _of_tiers(events: Sequence[Event]) -> Iterable[Message]:
    """Whoever reached a tier reads what it brings; two queries for any number."""
    reached = [event for event in events if event.kind == Event.Kind.TIER_REACHED]
    if not reached:
        return
    tiers = Tier.objects.in_bulk([event.data["tier_id"] for event in reached])
    people = Enrolment.objects.select_related("advocate", "program").filter(
        program__in={e.program_id for e in reached}, advocate__in={e.advocate_id for e in reached}
    )
    places = {(place.program_id, place.advocate_id): place for place in people}
    for event in reached:
        place, tier = places.get((event.program_id, event.advocate_id)), tiers.get(event.data["tier_id"])
        if place and tier:
            message = to_advocate(Purpose.TIER_REACHED, place, link=link_to("portal"))
            with override(message.language):
                message.context |= {"tier": tier.told.name, "perks": "; ".join(tier.perk_lines)}
            message.key = f"{Purpose.TIER_REACHED}:{event.pk}"
            yield message


def _invitation(referral: Referral) -> Message:
    return _unless_settled(
        to_friend(
            Purpose.INVITATION,
            referral,
            advocate_name=referral.enrolment.advocate.name,
            link=link_to("invitation", referral.token),
        ),
        referral,
    )


def _referral_thanks(referrals: list[Referral]) -> Message:
    first = referrals[0]
    return to_advocate(
        Purpose.REFERRAL_THANKS,
        first,
        friend_names=in_words([referral.first_name for referral in referrals]),
        friend_count=len(referrals),
        link=link_to("receipt-personal", first.enrolment.token),
    )


def _friend_came(referral: Referral) -> Message:
    message = to_advocate(
        Purpose.FRIEND_CAME, referral, friend_first_name=referral.first_name, link=link_to("portal")
    )
    return _unless_settled(message, referral)


def _friend_thanks(referral: Referral) -> Message:
    return _unless_settled(to_friend(Purpose.FRIEND_THANKS, referral), referral)


def _alerts(
    referrals: list[Referral], suffix: str, now: datetime, callers: Callers | None = None
) -> Iterable[Message]:
    """Tell whoever calls these; friends of one submission in one mail. ``callers`` keeps whom we looked up."""
    if not referrals:
        return
    callers = {} if callers is None else callers
    first = referrals[0]
    enrolment, program = first.enrolment, first.enrolment.program
    whose = (program.pk, first.owner_id)
    if whose not in callers:
        callers[whose] = _owner_at_hand(first) or who_calls(program, first.owner_id)
    staff = callers[whose]
    if staff is None:
        return
    path = f"{first.pk}/change/" if len(referrals) == 1 else f"?enrolment__id__exact={enrolment.pk}"
    yield Message(
        key=f"{Purpose.SALES_ALERT}:{first.pk}:{suffix}",
        purpose=Purpose.SALES_ALERT,
        program=program,
        advocate_id=enrolment.advocate_id,
        referral=first,
        user=staff,
        to_name=staff.get_full_name()[:60],
        to_address=staff.email,
        language=program.language,
        context={
            "advocate_name": str(enrolment.advocate),
            "friend_names": in_words([str(referral) for referral in referrals]),
            "friend_count": len(referrals),
            "friend_company": first.company if len(referrals) == 1 else "",
            "said_yes": "yes" if first.accepted_at else "",
            "call_by": _call_by(program, now),
            "link": link_to_desk(f"referrals/referral/{path}"),
        },
    )


def _owner_at_hand(referral: Referral) -> Any:
    """Whoever has just been given this friend, where nobody needs to be asked for."""
    known = Referral._meta.get_field("owner").is_cached(referral)
    owner: Any = referral.owner if known else None
    return owner if owner and owner.is_active and owner.email else None


def who_calls(program: Program, owner_id: int | None) -> Any:
    """Whose friends these are; without anyone named, the program's first manager."""
    if owner_id == program.owner_id and program.owner:
        return program.owner
    people = User.objects.filter(is_active=True).exclude(email="")
    if owner_id:
        return people.filter(pk=owner_id).first()
    managers = people.filter(memberships__program=program, memberships__role=Membership.Role.MANAGER)
    return managers.order_by("pk").first()


def _call_by(program: Program, now: datetime) -> str:
    due = due_within_office_hours(program, now, program.contact_within_hours)
    with override(program.language):
        return date_format(program.local(due), "l j F, H:i")


def to_friend(
    purpose: Purpose, referral: Referral, enrolment: Enrolment | None = None, **context: Any
) -> Message:
    enrolment = enrolment or referral.enrolment
    return Message(
        key=f"{purpose}:{referral.pk}",
        purpose=purpose,
        program_id=referral.program_id,
        advocate_id=enrolment.advocate_id,
        referral=referral,
        to_name=referral.name,
        to_address=referral.email,
        to_key=referral.email_key,
        language=enrolment.program.language,
        context={"advocate_first_name": enrolment.advocate.first_name} | context,
    )


def to_advocate(
    purpose: Purpose, about: Referral | Enrolment, referral: Referral | None = None, **context: Any
) -> Message:
    """A message to the advocate of a referral, or of an enrolment where there may be no referral."""
    enrolment = about.enrolment if isinstance(about, Referral) else about
    referral = about if isinstance(about, Referral) else referral
    advocate = enrolment.advocate
    return Message(
        key=f"{purpose}:{about.pk}",
        purpose=purpose,
        program_id=enrolment.program_id,
        advocate=advocate,
        referral=referral,
        to_name=advocate.name,
        to_address=advocate.email,
        to_key=advocate.email_key,
        contact_kind=advocate.kind,
        language=advocate.language or enrolment.program.language,
        context=context,
    )


def _unless_settled(message: Message, referral: Referral) -> Message:
    """Written down, and not sent, when this friend does not count or somebody has to look first: the row
    says why."""
    if referral.status in NOT_COUNTED:
        message.status = Message.Status.WITHHELD
        message.reason = str(dict(Referral.Reason.choices).get(referral.status_reason, ""))
    return message


def _send_after_all(referrals: list[Referral], now: datetime) -> None:
    """Staff let a friend count after all: what was held back for that is due now."""
    keys = [
        f"{purpose}:{referral.pk}"
        for referral in referrals
        for purpose in (CAME if referral.accepted_at else (Purpose.INVITATION,))
    ]
    if keys:
        held = Message.objects.filter(key__in=keys, status=Message.Status.WITHHELD, sent_at=None)
        held.update(status=Message.Status.QUEUED, due_at=now, reason="")
        outbox.wake_worker_after_commit()


def in_words(names: list[str]) -> str:
    """“Ben”, “Ben and Cleo”, “Ben, Cleo and 3 more”."""
    if len(names) > 3:
        rest = len(names) - 2
        return _("%(first)s, %(second)s and %(rest)d more") % {
            "first": names[0], "second": names[1], "rest": rest,
        }  # fmt: skip
    return get_text_list(names, _("and"))
