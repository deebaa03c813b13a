"""What an advocate reads about each status and reason."""

from datetime import timedelta

import pytest

from campaigns.services.standing import Standing, of_referral
from referrals.models import Program, Referral
from tests.factories import NOW

DAY = timedelta(days=1)
THANKS = "Thank you for thinking of us."
ASK = "You think that is wrong? Write to us."
OTHER_WAY = "Do you know another way to reach them? Write to us."
LOOKS = "Somebody here looks at this one before we go on. You have nothing to do."
RIGHT = "We have talked, and Ben may be just right for us."
DECIDED = "You hear from us as soon as it is decided."
WRONG_WAY = "The address or number we have did not lead to Ben."
TRIED = "We tried several times and could not reach Ben."
KNOWN = "We were already in touch with Ben, so this one cannot count."
ANOTHER = "Whom else do you know?"


def referral(status, reason="", **more) -> Referral:
    return Referral(
        program=Program(timezone="Europe/Rome"), name="Ben Weber", status=status, status_reason=reason, **more
    )


@pytest.mark.parametrize(
    ("status", "reason", "tone", "state", "why", "then"),
    [
        ("submitted", "", "waiting", "New", "Ben knows from us that you recommended us.", "We get in touch with Ben."),
        ("under_review", "", "waiting", "Being looked at", LOOKS, ""),
        ("contacted", "", "waiting", "In touch", "We have been in touch with Ben.", "We stay in touch."),
        ("qualified", "", "waiting", "Talking", RIGHT, DECIDED),
        ("converted", "", "good", "Customer", "Ben became a customer. Thank you.", ""),
        ("lost", "declined", "over", "Did not work out", "Ben said no thanks, and we leave it there.", THANKS),
        ("lost", "not_interested", "over", "Did not work out", "Ben decided against it this time.", THANKS),
        ("lost", "wrong_person", "over", "Did not work out", WRONG_WAY, OTHER_WAY),
        ("lost", "not_a_fit", "over", "Did not work out", "We are not the right ones for Ben, and said so.", THANKS),
        ("lost", "price", "over", "Did not work out", "Ben decided against it this time.", THANKS),
        ("lost", "competitor", "over", "Did not work out", "Ben decided against it this time.", THANKS),
        ("lost", "no_answer", "over", "Did not work out", TRIED, OTHER_WAY),
        ("lost", "suspicious", "over", "Did not work out", "Ben decided against it this time.", THANKS),
        ("lost", "", "over", "Did not work out", "Ben decided against it this time.", THANKS),
        ("rejected", "existing_customer", "over", "Does not count", KNOWN, ANOTHER),
        ("rejected", "already_referred", "over", "Does not count", KNOWN, ANOTHER),
        ("rejected", "circle", "over", "Does not count", KNOWN, ANOTHER),
        ("rejected", "suspicious", "over", "Does not count", "We looked at this one, and it cannot count.", ASK),
        ("rejected", "", "over", "Does not count", "We looked at this one, and it cannot count.", ASK),
    ],
)  # fmt: skip
def test_what_an_advocate_reads_about_a_recommendation(status, reason, tone, state, why, then):
    assert of_referral(referral(status, reason), call_by=None, now=NOW) == Standing(tone, state, why, then)


def test_every_status_has_words():
    for status in Referral.Status:
        for reason in ["", *Referral.Reason]:
            standing = of_referral(referral(status, reason), call_by=None, now=NOW)
            assert "%" not in "".join(standing)


def test_an_open_call_is_promised_on_the_clock_of_the_office():
    standing = of_referral(referral("submitted"), call_by=NOW + timedelta(hours=3), now=NOW)

    assert standing.then == "We call Ben by Wednesday, 14:00."


def test_a_call_in_two_weeks_is_promised_with_its_date():
    standing = of_referral(referral("contacted"), call_by=NOW + 14 * DAY, now=NOW)

    assert standing.then == "We call Ben by March 18, 11:00."


def test_a_late_call_is_admitted():
    standing = of_referral(referral("submitted"), call_by=NOW - timedelta(hours=1), now=NOW)

    assert standing.then == "We meant to call Ben by Wednesday, 10:00 and are late. Our people know."


def test_a_friend_who_said_yes_is_said_to_have_done_so():
    standing = of_referral(referral("submitted", accepted_at=NOW), call_by=None, now=NOW)

    assert standing.why == "Ben said yes and wants to hear from us."


def test_of_a_forgotten_friend_nothing_is_said_but_that():
    forgotten = referral("lost", "erased", erased_at=NOW)
    forgotten.name = ""

    assert of_referral(forgotten, call_by=None, now=NOW) == Standing(
        "over", "Forgotten", "This person asked us to delete what we know of them, and we did."
    )
