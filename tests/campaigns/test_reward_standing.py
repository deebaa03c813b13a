"""What the advocate and the friend read about each status of a reward and each reason."""

from datetime import timedelta

import pytest

from campaigns.services.reward_lines import line_of
from campaigns.services.reward_standing import of_reward
from referrals.models import Program, Referral
from rewards.models import Charity, Incentive, Reward
from tests.factories import NOW

DAY = timedelta(days=1)
ASK = "You think that is wrong? Write to us."
MAIL = "Then a mail from us brings it."
APPROVES = "Then somebody here approves it, and a mail from us brings it."
LINE = "You have earned it, and just now there is none left. You are in line since March 4."
UNUSED = "If you have not used it, please leave it unused. If you have, write to us and we find a way."


def reward(status, **changes) -> Reward:
    program = Program(timezone="Europe/Rome", slug="acme")
    ben = Referral(program=program, name="Ben Weber", status="converted", token="token")
    plain = {"due_at": NOW, "status_at": NOW, "side": "advocate", "amount": 4000, "currency": "EUR"}
    return Reward(
        **{"program": program, "referral": ben, "incentive": Incentive(kind="gift_card")}
        | plain | {"status": status} | changes
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (reward("waiting"), (
            "waiting", "On the waiting list", LINE,
            "As soon as there is more, it is set aside for you, and we write to you.")),
        (reward("pending", due_at=NOW + 8 * DAY), (
            "waiting", "Being checked until March 12", "Ben has that long to change their mind.", APPROVES)),
        (reward("pending", due_at=NOW + 8 * DAY, needs_approval=False), (
            "waiting", "Being checked until March 12", "Ben has that long to change their mind.", MAIL)),
        (reward("pending", due_at=NOW + 8 * DAY, side="friend"), (
            "waiting", "Being checked until March 12",
            "You have that long to change your mind about what you bought.", APPROVES)),
        (reward("pending", due_at=NOW + 8 * DAY, referral=None), (
            "waiting", "Being checked until March 12", "It is set aside for you until we have checked it.", APPROVES)),
        (reward("pending", inputs={"hold_days": 14}), (
            "waiting", "Being checked", "The waiting time for Ben is over.",
            "As soon as somebody here has approved it, a mail from us brings it.")),
        (reward("pending", prize_id=1, needs_approval=False), (
            "waiting", "Being checked", "You picked it for your points.", "A mail from us brings it soon.")),
        (reward("approved", due_at=NOW + DAY), ("waiting", "Approved", "It is yours.", "We send it after March 5.")),
        (reward("approved"), ("waiting", "On its way", "It is yours.", "A mail from us brings it in the next days.")),
        (reward("approved", incentive=Incentive(kind="donation")), (
            "waiting", "On its way", "It is yours.", "Choose whom it goes to; then we give it.")),
        (reward("issued"), ("good", "Yours since March 4", "Thank you for Ben.", "")),
        (reward("issued", side="friend"), ("good", "Yours since March 4", "Thank you for coming to us.", "")),
        (reward("issued", referral=None), ("good", "Yours since March 4", "Thank you.", "")),
        (reward("issued", inputs={"contest": 1}), ("good", "Yours since March 4", "You won it in our contest.", "")),
        (reward("issued", expires_at=NOW + DAY), (
            "good", "Yours since March 4", "Thank you for Ben.", "Use it until March 5.")),
        (reward("issued", expires_at=NOW), (
            "over", "Expired", "It could be used until March 4.", "You could not use it in time? Write to us.")),
        (reward("issued", wrapped_in=Incentive(pk=1, kind="mystery")), (
            "good", "Yours to open", "Thank you for Ben.", "Open it whenever you like.")),
        (reward("issued", incentive=Incentive(kind="donation")), (
            "good", "Yours to give", "Thank you for Ben.", "Choose whom it goes to.")),
        (reward("issued", incentive=Incentive(kind="donation"), charity=Charity(pk=1, name="Sea Rescue")), (
            "good", "Given on March 4", "It went to Sea Rescue, in your name. Thank you.", "")),
        (reward("redeemed"), ("good", "Used on March 4", "Thank you for Ben.", "")),
        (reward("repaid"), ("over", "Settled", "It was given back on March 4. Thank you for settling it.", "")),
        (reward("waived"), ("over", "Settled", "It no longer counted, but we do not ask for it back. Keep it.", "")),
    ],
)  # fmt: skip
def test_what_is_read_about_a_reward(given, expected):
    assert of_reward(given, now=NOW) == expected


NO, BACK = "We looked at it on March 4 and could not give it.", "We had to take it back on March 4."
SALE = "What Ben bought was cancelled or given back."


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("", ""),
        ("exhausted", " There was nothing left of it."),
        ("sale_reversed", f" {SALE}"),
        ("not_eligible", " What Ben bought does not meet the terms for it."),
        ("duplicate", " The same was rewarded before."),
        ("suspicious", " We could not verify what it was for."),
        ("mistake", " It was promised by mistake. We are sorry."),
        ("other", ""),
    ],
)
def test_every_reason_has_a_sentence(reason, sentence):
    declined, revoked, claimed = (
        of_reward(reward(status, status_reason=reason), now=NOW)
        for status in ("declined", "revoked", "claimed")
    )
    assert declined == ("over", "Not given", f"{NO}{sentence}", ASK)
    assert revoked == ("over", "Taken back", f"{BACK}{sentence}", ASK)
    assert claimed == (
        "waiting", "To be given back", f"{sentence.strip()} So this one no longer counts.".strip(), UNUSED,
    )  # fmt: skip


@pytest.mark.parametrize(("status", "start"), [("declined", NO), ("revoked", BACK)])
def test_staffs_own_words_come_before_the_reasons(status, start):
    given = reward(status, status_reason="other", status_note="You had the same offer at the fair")

    assert of_reward(given, now=NOW).why == f"{start} You had the same offer at the fair."


def test_a_friend_reads_of_their_own_purchase():
    given = reward("claimed", side="friend", status_reason="sale_reversed")

    assert of_reward(given, now=NOW).why == (
        "What you bought was cancelled or given back. So this one no longer counts."
    )


def test_what_hangs_on_a_doubt_says_that_somebody_looks_at_it():
    doubt = reward("pending", due_at=NOW + DAY)
    doubt.referral.status = "under_review"

    assert of_reward(doubt, now=NOW).state == "Being looked at"


def test_every_status_and_reason_has_words_for_both_sides_and_leaves_no_gap():
    for status in Reward.Status:
        for reason in ["", *Reward.Reason]:
            for side in ("advocate", "friend"):
                standing = of_reward(reward(status, status_reason=reason, side=side), now=NOW)
                assert standing.state
                assert "%" not in "".join(standing)


@pytest.mark.parametrize(
    ("given", "unlocked"),
    [
        (reward("approved"), False),
        (reward("issued"), True),
        (reward("issued", expires_at=NOW), False),
        (reward("issued", wrapped_in=Incentive(pk=1, kind="mystery")), False),
        (reward("issued", wrapped_in=Incentive(pk=1, kind="mystery"), opened_at=NOW), True),
        (reward("redeemed"), True),
        (reward("claimed"), False),
    ],
)
def test_code_and_content_are_seen_once_it_is_theirs(given, unlocked):
    assert line_of(given, now=NOW).unlocked is unlocked
