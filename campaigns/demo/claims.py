"""What came by word of mouth alone: claims, and a sale that only a code tells of."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from campaigns.demo.people import find_address, find_phone
from referrals.models import Claim, Enrolment
from referrals.services.claim import make_claim, reject_claims
from referrals.services.sale import take_conversion

# so many days ago, who claims, which friend, how many days before they talked, and what they say
CLAIMS = (
    (21, "Ruth Abernathy", "Lisa Bergman", 40, "I told her about you after choir."),
    (4, "Peter Novak", "Femi Ade", 9, "He asked me about the panels on my roof, and I gave him your number."),
    (2, "George Whitfield", "Edith Cole", 12, "We talked at the bowls club. She said she would call you."),
)
Tell = Callable[[datetime], object]


def claims_of(enrolments: dict[str, Enrolment], manager: object) -> list[tuple[int, Tell]]:
    """What is claimed and decided, so many days ago; two wait, one of them a tie."""
    made = [
        (days, partial(_claim, enrolments[who], friend, ago, words))
        for days, who, friend, ago, words in CLAIMS
    ]
    return [*made, (20, partial(_refuse, manager)), (13, partial(_sell, enrolments["Siobhan Keane"]))]


def _claim(enrolment: Enrolment, friend: str, ago: int, words: str, at: datetime) -> None:
    make_claim(
        enrolment, name=friend, email="", phone=find_phone(friend), happened_on=(at - timedelta(days=ago)).date(),
        words=words, now=at,
    )  # fmt: skip


def _refuse(manager: object, at: datetime) -> None:
    reject_claims(
        Claim.objects.filter(name="Lisa Bergman"), now=at, by=manager, reason=Claim.Reason.OTHER_FIRST,
        note="She came by Hannah's link.",
    )  # fmt: skip


def _sell(enrolment: Enrolment, at: datetime) -> None:
    """The shop reports an order with a code; nobody had named the buyer."""
    take_conversion(
        enrolment.program, external_id="WEB-20417", amount=64900, currency=enrolment.program.currency,
        email=find_address("Conor Walsh"), name="Conor Walsh", code=enrolment.code, now=at, source="shop",
    )  # fmt: skip
