"""Friends who come of their own accord: by a link, or by saying who told them about us."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models.functions import Upper

from referrals.locks import hold
from referrals.models import Click, Enrolment, Mention, Program, Referral, Touch
from referrals.models.attribution import Way
from referrals.services.referral import Friend, accept, queue_up, submit_referrals
from referrals.services.touch import keys_of_person, note_touches
from referrals.transitions import Refused
from referrals.visitors import Client

TOLD = ("name", "email", "phone", "company", "note", "told_by")


class Meant(NamedTuple):
    """Whom a friend means, and how they said so."""

    enrolment: Enrolment
    way: str


def who_is_meant(program: Program, friend: Friend) -> Meant | None:
    """The one advocate of the program with the code, or exactly the name, that the friend gave; None for
    nobody, for several, and for the friend themselves. At most two queries."""
    said = " ".join(friend.told_by.split()).upper()
    places = Enrolment.objects.filter(program=program).for_page().order_by("pk")
    found = list(places.filter(code=said)) if said.isalnum() else []
    way = Way.CODE if found else Way.NAME
    if said and not found:
        found = list(places.annotate(called=Upper("advocate__name")).filter(called=said)[:2])
    if len(found) != 1 or friend.keys & {found[0].advocate.email_key, found[0].advocate.phone_key}:
        return None
    return Meant(found[0], way)


def join_by_link(
    enrolment: Enrolment, friend: Friend, *, agreement: str, click: Click | None, now: datetime,
    client: Client | None = None,
) -> None:  # fmt: skip
    """Somebody who came by an advocate's link leaves their details. Repeatable: a friend whom this
    advocate has named before, or who comes twice, says yes to that recommendation.

    Whom they say to have it from is kept: another's code is stronger than the link, a name weaker.
    Raises Refused with a sentence when the friend's data has been deleted at their wish.
    """
    with transaction.atomic():
        other = who_is_meant(enrolment.program, friend) if friend.told_by else None
        if other and other.enrolment != enrolment:
            _note(other, friend, now)
            if other.way == Way.CODE:
                _note(Meant(enrolment, Way.LINK), friend, click.at if click else now)
                enrolment, click = other.enrolment, None
        join(
            enrolment, friend, Referral.Source.LINK, agreement=agreement, click=click, now=now, client=client
        )


def join_by_mention(
    program: Program, friend: Friend, *, agreement: str, now: datetime, client: Client | None = None
) -> Mention | None:
    """Somebody without a link leaves their details and says who told them. Returns what a person has to find
    out; None where the advocate is clear. Repeatable."""
    with transaction.atomic():
        hold([f"friend:{program.pk}:{key}" for key in friend.keys], within=program.pk)
        meant = who_is_meant(program, friend)
        if meant is None:
            return _keep(program, friend, agreement, now)
        source = Referral.Source.LINK if meant.way == Way.CODE else Referral.Source.NAMED
        try:
            with transaction.atomic():
                join(meant.enrolment, friend, source, agreement=agreement, now=now, client=client)
        except Refused:
            # Their data was deleted at their wish; whoever told them must not show in the answer.
            return _keep(program, friend, agreement, now)
        _note(meant, friend, now)
    return None


def join(
    enrolment: Enrolment, friend: Friend, source: str, *, agreement: str, now: datetime,
    click: Click | None = None, client: Client | None = None, by: Any = None,
) -> Referral:  # fmt: skip
    """The friend's referral by this advocate, with their yes; made now if the advocate has not named them.
    To be called inside a transaction."""
    # A double click queues up here, and the second finds what the first has stored.
    queue_up(enrolment, [friend])
    mine = enrolment.referrals.about(email_keys=friend.keys, phone_keys=friend.keys)
    if named := mine.order_by("pk").first():
        accept(named, agreement=agreement, phone=friend.phone, note=friend.note, now=now, client=client)
        return named
    [referral] = submit_referrals(
        enrolment, [friend], agreement=agreement, source=source, channel=click.channel if click else None,
        click=click, client=client, now=now, by=by,
    )  # fmt: skip
    return referral


def _keep(program: Program, friend: Friend, agreement: str, now: datetime) -> Mention:
    known = program.mentions.open().about(friend.keys).order_by("pk").first()
    row: Mention = known or Mention(program=program, came_at=now)
    for name in TOLD:
        setattr(row, name, getattr(friend, name) or getattr(row, name))
    row.agreement = agreement
    row.save()
    return row


def _note(meant: Meant, friend: Friend, at: datetime) -> None:
    """What is said at the form speaks for all orders of this person."""
    keys = keys_of_person(friend.email, friend.phone)
    who, place = keys["email_key"] or keys["phone_key"], meant.enrolment
    note_touches(
        [
            Touch(
                program_id=place.program_id, enrolment=place, way=meant.way, at=at,
                key=f"form:{who}:{meant.way}:{place.pk}", **keys,
            )
        ]
    )  # fmt: skip
