"""What the people of the demo want to hear, one message that came at night, and one that Tom sends himself."""

from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.models import User

from campaigns.links import link_to
from campaigns.models import ContactPreference, Message, Purpose, Topic
from campaigns.services import outbox
from campaigns.services.by_hand import queue_by_hand
from campaigns.services.preference import Choice, change_preferences
from referrals.models import Enrolment

Way, Often = ContactPreference.Way, ContactPreference.Often


class Chosen(NamedTuple):
    """Somebody who chose on the page that every mail links to, so many days ago."""

    days: int
    name: str
    topics: tuple[Topic, ...] = tuple(Topic)
    way: str = Way.ANY
    often: str = Often.NORMAL
    pause: bool = False


CHOICES = (
    Chosen(20, "Dev Patel", way=Way.EMAIL, often=Often.LESS),
    Chosen(15, "Ruth Abernathy", topics=(Topic.PROGRESS, Topic.NEWS)),
    Chosen(6, "Marcus Bello", pause=True),
)


def choose(enrolment: Enrolment, chosen: Chosen, at: datetime) -> None:
    language = enrolment.advocate.language or "en"
    choice = Choice(list(chosen.topics), chosen.way, chosen.often, chosen.pause, language)
    change_preferences(enrolment.advocate, choice, program=enrolment.program, now=at)


def ask_at_night(enrolment: Enrolment, at: datetime) -> None:
    """Nobody is asked for anything at half past nine in the evening: it waits until the morning."""
    outbox.queue([_ask(enrolment, "night")], now=at)


def leave_to_sender(enrolment: Enrolment, sender: User, at: datetime) -> None:
    """A personal ask, prepared for somebody's own mail program."""
    message = _ask(enrolment, "hand")
    message.user = sender
    queue_by_hand([message], now=at)


def _ask(enrolment: Enrolment, key: str) -> Message:
    advocate = enrolment.advocate
    return Message(
        key=f"demo:{key}:{advocate.pk}", purpose=Purpose.ASK, program=enrolment.program, advocate=advocate,
        to_name=advocate.name, to_address=advocate.email, contact_kind=advocate.kind, language="en",
        context={"link": link_to("refer-personal", enrolment.token)},
    )  # fmt: skip
