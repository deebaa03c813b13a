"""A thousand sales in one call: each as if reported alone, in as many queries as a few."""

from datetime import timedelta
from random import Random

import pytest
from django.db import connection, transaction

from campaigns.models import Message
from referrals.models import (
    Advocate,
    Attribution,
    Click,
    Conversion,
    Event,
    FollowUp,
    Referral,
    RiskAssessment,
    Touch,
)
from referrals.public_ids import public_id
from referrals.services.buyers import Sale
from referrals.services.conversion import record_conversion
from referrals.services.many_sales import take_conversions
from referrals.services.refund import take_refund
from referrals.services.sale import take_conversion, take_reversal
from referrals.services.touch import Buyer, Hints
from referrals.transitions import Refused
from rewards.models import Reward, Standing
from tests.cast import System
from tests.factories import (
    AdvocateFactory,
    EnrolmentFactory,
    FollowUpFactory,
    ProgramFactory,
    ReferralFactory,
    RewardRuleFactory,
    RewardSchemeFactory,
    TierFactory,
)

pytestmark = pytest.mark.django_db
PHONE, OTHER_PHONE = "+390669821234", "+390669821235"


@pytest.fixture
def program():
    program = ProgramFactory(least_sale=1000)
    for side in ("advocate", "friend"):
        RewardRuleFactory(program=program, side=side, minimum=4500)
    return program


def people(program, now):
    """Friends of every kind, and how each of them is known to a shop."""
    places = EnrolmentFactory.create_batch(3, program=program)

    def named(by, email, **more):
        more = {"submitted_at": now - timedelta(days=3)} | more
        return ReferralFactory(enrolment=places[by], email=f"{email}@friend.example", **more)

    friends = [
        named(0, "ben"), named(0, "twice"), named(1, "twice", submitted_at=now - timedelta(days=2)),
        named(0, "odd", status="under_review"), named(1, "fake", status="rejected", status_reason="suspicious"),
        named(2, "gone", status="lost", status_reason="no_answer"),
        named(2, "other", status="rejected", status_reason="other_advocate"), named(1, "both", phone=PHONE),
        ReferralFactory(enrolment=places[2], email="", phone=OTHER_PHONE, submitted_at=now - timedelta(days=3)),
    ]  # fmt: skip
    friends += [named(n % 3, f"plain{n}") for n in range(10)]
    FollowUpFactory(referral=friends[0])
    AdvocateFactory(email="lead@friend.example", kind="lost_lead")
    old = AdvocateFactory(email="old@friend.example")
    Advocate.objects.filter(pk=old.pk).update(created_at=now - timedelta(days=300))
    visit = Click.objects.create(enrolment=places[1], visitor="v", is_bot=False, at=now - timedelta(days=1))
    seen(program, now, friends, places)
    emails = ("ben", "twice", "odd", "fake", "gone", "other", "both", "lead", "old", "new", "newer", "handed")
    buyers = [Buyer(f"{email}@friend.example", name=email.title()) for email in emails]
    buyers += [Buyer(f"plain{n}@friend.example", name=f"Plain {n}") for n in range(20)]
    buyers += [
        Buyer("both@friend.example", PHONE), Buyer("", OTHER_PHONE), Buyer("", PHONE), Buyer(),
        Buyer(places[0].advocate.email),
    ]  # fmt: skip
    return places, friends, buyers, visit


def seen(program, now, friends, places):
    """What was reported before: a sale by hand, refunds before their orders, a reward that was handed out."""
    record_conversion(friends[0], external_id="by hand", amount=5000, currency="EUR", now=now)
    record_conversion(friends[9], external_id="", amount=4000, currency="EUR", now=now)
    take_reversal(program, external_id="taken back", now=now)
    take_refund(program, external_id="refunded", amount=100, now=now)
    sale = {"amount": 5000, "currency": "EUR", "now": now, "code": places[1].code}
    take_conversion(program, external_id="handed out", email="handed@friend.example", **sale)
    Reward.objects.filter(referral__email="handed@friend.example").advance("approved", now=now)
    Reward.objects.filter(referral__email="handed@friend.example").advance("issued", now=now)
    take_conversion(
        program, external_id="nobody's", amount=5000, currency="EUR", now=now, email="new@friend.example"
    )


ORDERS = (*"abcdefghijklmnopqrstuvwx", "by hand", "taken back", "refunded", "handed out", "nobody's")


def invented(random, count, places, friends, buyers, visit, now):
    """So many sales of any kind, with repeats."""
    sales = []
    for _ in range(count):
        order = random.choice(ORDERS)
        amount = random.choice([*[4000 if order < "e" else 5000] * 9, 6000, 900])
        code = random.choice(["", "", places[0].code, places[1].code.lower(), "NOTHING2"])
        referral = random.choice([*friends, *[None] * 60])
        advocate = random.choice([places[2].advocate, *[None] * 5])
        click = random.choice([visit, *[None] * 5])
        at = random.choice([None, now, now - timedelta(days=random.randint(1, 5))])
        buyer = buyers[ORDERS.index(order)] if random.random() < 0.7 else random.choice(buyers)
        if not random.randint(0, 2) and (before := [sale for sale in sales if sale.order == order]):
            sales.append(before[0])
            continue
        sales.append(Sale(order, amount, "EUR", at, buyer, Hints(code, click, referral, advocate)))
    return sales


def take_each(program, sales, now):
    answers = []
    for sale in sales:
        try:
            with transaction.atomic():
                answers.append(
                    take_conversion(
                        program, external_id=sale.order, amount=sale.amount, currency=sale.currency, now=now,
                        occurred_at=sale.at, email=sale.buyer.email, phone=sale.buyer.phone, name=sale.buyer.name,
                        code=sale.hints.code, click=sale.hints.click, referral=sale.hints.referral,
                        advocate=sale.hints.advocate, source="shop",
                    )
                )  # fmt: skip
        except Refused as refused:
            answers.append(refused)
    return answers


def said(answers):
    """What a caller is told of each."""
    return [
        str(one) if isinstance(one, Refused) else (
            one.attribution.external_id, one.decision.rule,
            one.conversion and (one.conversion.external_id, one.conversion.reversed_at is None),
            one.referral and (one.referral.enrolment_id, one.referral.email),
        )
        for one in answers
    ]  # fmt: skip


FRIEND = ("referral__enrolment", "referral__email_key", "referral__phone_key")


def state():
    """What the database says of all that, without its numbers."""

    def rows(model, *columns, **where):
        return sorted(model.objects.filter(**where).values_list(*columns), key=repr)

    events = Event.objects.exclude(kind__startswith="reward.")
    return {
        "attributions": rows(
            Attribution, "external_id", "email_key", "phone_key", "amount", "occurred_at", "received_at", "source",
            "reversed_at", "standing", "conversion__external_id", "enrolment", "rightful", "rule", "touches", "by_hand",
            "moves", "decided_at",
        ),
        "sales": rows(
            Conversion, "external_id", "amount", "refunded", "occurred_at", "recorded_at", "reversed_at", *FRIEND
        ),
        "friends": rows(
            Referral, "enrolment", "email", "email_key", "phone", "phone_key", "name", "status", "status_reason",
            "status_at", "submitted_at", "source", "channel", "click", "owner", "became__email_key",
            "became__phone_key", "likeness",
        ),
        "people": rows(Advocate, "email", "email_key", "phone", "phone_key", "kind", "name", "language", "company"),
        "touches": rows(Touch, "key", "way", "at", "enrolment", "order", "email_key", "phone_key", "click", "referral"),
        "calls": rows(FollowUp, "referral__email", "done_at", "outcome"),
        "risks": rows(RiskAssessment, "score", "signs", *FRIEND),
        "events": sorted(map(repr, events.values_list("kind", "advocate__email_key", "data", "occurred_at", *FRIEND))),
        "rewards": rows(Reward, "rule", "side", "status", "status_reason", "amount", "step", "inputs", *FRIEND),
        "tiers": rows(Standing, "enrolment", "tier"),
        "words": rows(Message, "purpose", "to_address", "status", "channel"),
    }  # fmt: skip


def undone(take):
    """What ``take`` answered, and the state it left, which is undone."""
    before = transaction.savepoint()
    found = said(take()), state()
    transaction.savepoint_rollback(before)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_many_at_once_end_as_they_would_one_by_one(program, now, seed):
    cast, random = people(program, now), Random(seed)
    sales = invented(random, 16, *cast, now)

    alone = undone(lambda: take_each(program, sales, now))
    together = undone(lambda: take_conversions(program, sales, now=now, source="shop"))

    assert together[0] == alone[0]
    for name, rows in alone[1].items():
        assert together[1][name] == rows, name


def a_ladder(program, measure):
    """Tiers, and rules that look at them, at limits and at places in the order of friends."""
    RewardSchemeFactory(program=program, has_ladder=True)
    many = 1 if measure == "conversions" else 5000
    for name, threshold in {"Bronze": 1, "Silver": 3, "Gold": 7}.items():
        tier = TierFactory(program=program, name=name, threshold=threshold * many, measure=measure)
        RewardRuleFactory(program=program, when="tier.reached", tier=tier, approval="never")
        RewardRuleFactory(program=program, tier=tier)
    RewardRuleFactory(program=program, most=2)
    RewardRuleFactory(program=program, nth=2)


@pytest.mark.parametrize("measure", ["conversions", "value"])
def test_tiers_and_limits_are_reached_one_by_one(program, now, measure):
    """Of friends who are new, so that all of it is done together."""
    a_ladder(program, measure)
    places = EnrolmentFactory.create_batch(2, program=program)
    random = Random(1)
    buyers = [0, 0, 2, *(random.randint(0, 9) for _ in range(15))]
    sales = [
        Sale(str(n), random.choice([5000, 9000]), "EUR", None, Buyer(f"ben{buyer}@friend.example"),
             Hints(places[buyer % 2].code))
        for n, buyer in enumerate(buyers)
    ]  # fmt: skip

    alone = undone(lambda: take_each(program, sales, now))
    together = undone(lambda: take_conversions(program, sales, now=now, source="shop"))

    for name, rows in alone[1].items():
        assert together[1][name] == rows, name
    assert len([event for event in alone[1]["events"] if "tier.reached" in event]) >= 4


KINDS = (
    lambda friend: {"referral": public_id("ref", friend.pk)},
    lambda friend: {"code": friend.enrolment.code, "email": f"new-{friend.email}"},
    lambda friend: {"email": friend.email},
    lambda friend: {"email": f"stranger-{friend.email}"},
)


def some_friends(places, count):
    friends = [ReferralFactory.build(enrolment=places[n % len(places)]) for n in range(count)]
    for friend in friends:
        friend.set_keys()
    return Referral.objects.bulk_create(friends)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and no locks to count")
def test_many_sales_hold_one_lock_for_all_and_few_hold_their_own(program, now):
    def held(count):
        sales = [
            Sale(f"{count}-{n}", 100, "EUR", None, Buyer(f"b{count}-{n}@x.example")) for n in range(count)
        ]
        with transaction.atomic():
            take_conversions(program, sales, now=now)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
                )
                locks = cursor.fetchone()[0]
            transaction.set_rollback(True)
        return locks

    # An order and an address each, and the program's, shared.
    assert (held(2), held(300)) == (5, 1)


def test_300_sales_cost_as_many_queries_as_one_of_each_kind(program, django_assert_max_num_queries):
    """By referral, by code, by the address of a friend who was named, and to somebody whom nobody named."""
    shop, counts = System(program), []
    places = EnrolmentFactory.create_batch(5, program=program)
    # The first call finds everything cold.
    for count in (4, 4, 12, 300):
        items = [
            {"external_id": f"order {friend.pk}", "amount": 5000, "currency": "EUR",
             "occurred_at": "2026-03-05T10:00:00Z", **KINDS[n % 4](friend)}
            for n, friend in enumerate(some_friends(places, count))
        ]  # fmt: skip
        with django_assert_max_num_queries(140) as seen:
            answer = shop.post("/conversions/bulk", {"items": items}).json()
        assert [row["status"] for row in answer["results"]] == [201, 201, 201, 202] * (count // 4)
        counts.append(len(seen))

    assert counts[1] == counts[2]
    # So many rows are stored in two statements; in several on SQLite.
    assert counts[3] <= (70 if connection.vendor == "postgresql" else 140)
    assert Reward.objects.count() == 2 * 240
