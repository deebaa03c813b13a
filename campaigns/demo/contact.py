"""What the people of the demo want to hear, one message that came at night, one that Tom wrote to somebody from here,
and one that he sends himself."""

from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.models import User

from campaigns.links import link_to
from campaigns.models import ContactPreference, Message, MessageTemplate, Purpose, Topic
from campaigns.services import outbox
from campaigns.services.by_hand import queue_by_hand
from campaigns.services.draft import Draft
from campaigns.services.personal import write
from campaigns.services.preference import Choice, change_preferences
from referrals.models import Advocate, Enrolment, Program

Way, Often = ContactPreference.Way, ContactPreference.Often

# Their own words for two kinds of contact; for all others, the bank's.
WORDS = {
    Advocate.Kind.LEADER: (
        "A question for the readers' friend",
        "Dear {{ first_name }},\n\nthank you for writing so fairly about heat pumps and panels. People ask you what "
        "to do about their bills. Is there one of them for whom a look at the roof would settle it?\n\n"
        "[Name somebody]({{ link }})\n\nIf not, no answer needed.",
    ),
    Advocate.Kind.SUPPLIER: (
        "{{ first_name }}, one question",
        "Hello {{ first_name }},\n\nthank you for the quick delivery last week: the Pritchards have light again. You "
        "see many roofs. Does anybody come to mind who pays too much for electricity?\n\nHere is a page where you can "
        "name them: {{ link }}\n\nTom",
    ),
}


PERSONAL: dict[str, Any] = {
    "subject": "George, a question from the roof",
    "body": "Dear George,\n\nthank you for the tea while we were on your roof. The next bill should be a good one.\n"
    "\nDo you know someone who still groans at theirs? It takes a minute here:\n{{ link }}\n\nOr answer this mail: "
    "it comes to me.\n\nTom",
}


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


def write_words(program: Program) -> None:
    for kind, (subject, body) in WORDS.items():
        MessageTemplate.objects.create(
            program=program, purpose=Purpose.ASK, contact_kind=kind, subject=subject, body=body
        )


def ask_at_night(enrolment: Enrolment, at: datetime) -> None:
    """Nobody is asked for anything at half past nine in the evening: it waits until the morning."""
    outbox.queue([_ask(enrolment, "night")], now=at)


def write_to_them(enrolment: Enrolment, writer: User, at: datetime) -> None:
    """An ask in somebody's own words, to one person."""
    draft = Draft(
        place=enrolment,
        by=writer,
        purpose=Purpose.ASK,
        key=f"demo:personal:{enrolment.advocate_id}",
        **PERSONAL,
    )
    write(draft, now=at)


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
