from urllib.parse import parse_qs, quote, urlsplit

import pytest

from campaigns.offers import Offer, offers_of
from campaigns.services.words import share_words
from campaigns.sharing import ways_to_share
from tests.factories import (
    ChannelFactory,
    EnrolmentFactory,
    IncentiveFactory,
    ProgramFactory,
    RewardRuleFactory,
)

pytestmark = pytest.mark.django_db

WORDS = "Try Acme & Sons: 100 % worth it\n+ a gift? https://x.example/r/CODE/"


def test_words_arrive_as_they_were_written_in_every_program():
    enrolment = EnrolmentFactory()

    ways = {way.name: urlsplit(way.address) for way in ways_to_share(enrolment, [], lambda slug: WORDS)}

    assert parse_qs(ways["E-mail"].query)["body"] == [WORDS]
    assert parse_qs(ways["Text message"].query)["body"] == [WORDS]
    assert parse_qs(ways["WhatsApp"].query)["text"] == [WORDS]
    assert parse_qs(ways["X"].query)["text"] == [WORDS]
    assert "+" not in ways["E-mail"].query
    link = f"http://localhost:8000/r/{enrolment.code}/?c=linkedin"
    assert parse_qs(ways["LinkedIn"].query) == {"url": [link]}
    assert parse_qs(ways["Facebook"].query) == {"u": [link.replace("linkedin", "facebook")]}


def test_words_that_were_changed_can_go_wherever_words_are_taken():
    ways = ways_to_share(EnrolmentFactory(), [], lambda slug: WORDS)

    assert [way.name for way in ways if not way.pattern] == ["LinkedIn", "Facebook"]
    for way in ways:
        assert way.pattern.replace("{words}", quote(WORDS)) in {way.address, ""}


@pytest.mark.parametrize("network", ["facebook", "linkedin", "x", "instagram"])
def test_each_network_has_words_of_its_own(network):
    words = share_words(EnrolmentFactory())

    assert words(network) != words("blog")
    assert words("whatsapp") != words("sms")


def test_a_program_chooses_its_ways_and_their_order():
    enrolment = EnrolmentFactory()
    channels = [
        ChannelFactory(program=enrolment.program, slug=slug, name=slug) for slug in ("sms", "blog", "email")
    ]

    ways = ways_to_share(enrolment, channels, lambda slug: f"words for {slug}")

    assert [(way.name, way.words) for way in ways] == [
        ("sms", "words for sms"),
        ("email", "words for email"),
    ]


def test_offers_say_what_and_when_to_whoever_reads(now):
    program = ProgramFactory()
    gift = IncentiveFactory(program=program, name="a gift")
    RewardRuleFactory(program=program, incentive=gift, side="friend", when="referral.qualified", hold_days=1)
    RewardRuleFactory(program=program, incentive=gift, side="advocate", when="referral.submitted")
    RewardRuleFactory(program=program, side="advocate", ends_at=now)
    RewardRuleFactory()

    assert offers_of(program, read_by="advocate", now=now) == (
        [Offer("a gift", "when you recommend someone")],
        [Offer("a gift", "when your friend turns out to be a good fit, 1 day later")],
    )
    assert offers_of(program, read_by="friend", now=now).friend == [
        Offer("a gift", "when we find that we can help you, 1 day later")
    ]
