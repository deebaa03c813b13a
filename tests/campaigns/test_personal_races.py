"""Two clicks, or two colleagues, at one moment."""

import pytest

from campaigns.models import Ask, Message, Purpose
from campaigns.services.draft import Draft
from campaigns.services.personal import write
from referrals.transitions import Refused
from tests.factories import EnrolmentFactory, UserFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = {"purpose": Purpose.ASK, "subject": "A question", "body": "Whom do you know? {{ link }}"}


def test_two_clicks_at_one_moment_send_it_once(bank, now):
    draft = Draft(place=EnrolmentFactory(), by=UserFactory(), key="personal:1", **WORDS)

    done = at_once(4, lambda number: write(draft, now=now))

    assert {message.pk for message in done} == set(Message.objects.values_list("pk", flat=True))
    assert Message.objects.count() == Ask.objects.count() == 1


def test_of_two_colleagues_one_asks_and_the_other_is_told(bank, now):
    place, users = EnrolmentFactory(), [UserFactory(), UserFactory()]

    done = at_once(2, lambda n: write(Draft(place=place, by=users[n], key=f"personal:{n}", **WORDS), now=now))

    assert sorted(type(one).__name__ for one in done) == ["Message", "Refused"]
    [refusal] = [one for one in done if isinstance(one, Refused)]
    assert str(refusal).startswith("The last message to them has not left yet.")
    assert Message.objects.count() == 1
