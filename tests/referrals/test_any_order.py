"""Sales, refunds, sums of refunds and cancellations, told in several orders and more than once: one end."""

import random
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction

from referrals.models import Attribution
from referrals.services.refund import refund_up_to, take_refund
from referrals.services.sale import take_conversion, take_reversal
from referrals.transitions import Refused
from rewards.models import Reward
from tests.factories import EnrolmentFactory, RewardRuleFactory

pytestmark = pytest.mark.django_db
BUYERS = [("ben@friend.example", ""), ("", "+390612345678"), ("ben@friend.example", "+390612345678")]
VERBS = {"sale": take_conversion, "back": take_reversal, "part": take_refund, "sum": refund_up_to}


def history(dice, codes, now):
    orders = {f"o{n}": dice.choice([1000, 4900]) for n in range(dice.randint(1, 3))}
    for order, amount in orders.items():
        email, phone = dice.choice(BUYERS)
        at, code = now - timedelta(days=dice.randint(0, 60)), dice.choice([*codes, ""])
        yield "sale", {
            "external_id": order, "amount": amount, "currency": "EUR", "occurred_at": at, "email": email,
            "phone": phone, "code": code,
        }  # fmt: skip
        # A shop tells its refunds one by one or as their sum, not both.
        is_sum = dice.random() < 0.5
        for n in range(dice.randint(0, 2)):
            paid_back = {"currency": dice.choice(["EUR", "EUR", "USD"]), "may_exceed": True}
            if is_sum:
                yield "sum", paid_back | {"external_id": order, "total": dice.choice([300, 500, amount])}
            else:
                part = {"amount": dice.choice([100, amount, 2 * amount]), "number": f"r{n}"}
                yield "part", paid_back | part | {"external_id": order}
        if dice.random() < 0.2:
            yield "back", {"external_id": order}


def end_of(program, told, now):
    for verb, facts in told:
        with suppress(Refused), transaction.atomic():
            VERBS[verb](program, now=now, **facts)
    rows = Attribution.objects.filter(program=program).select_related("conversion")
    sales = {
        (row.external_id, row.enrolment_id, row.standing, row.rule, left(row.conversion)) for row in rows
    }
    rewards = Reward.objects.exclude(status__in=["declined", "revoked"])
    return sales, sorted(rewards.values_list("side", "enrolment", "cost"))


def left(sale):
    return sale and (0 if sale.reversed_at else sale.left)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_the_order_the_end_is_the_same(seed, now):
    dice = random.Random(seed)
    rule = RewardRuleFactory()
    anna, carlo = (
        EnrolmentFactory(program=rule.program, joined_at=now - timedelta(days=90)).code for _ in range(2)
    )
    told, ends = list(history(dice, [anna, carlo], now)), []
    for _turn in range(4):
        again = dice.sample(told, len(told)) + dice.sample(told, len(told) // 2)
        before = transaction.savepoint()
        ends.append(end_of(rule.program, again, now))
        transaction.savepoint_rollback(before)

    assert ends == ends[:1] * 4
