"""Seven thousand real purchases of an online shop: from the file to the thank-you mail."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models import BigIntegerField, Count, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from campaigns.models import Message
from campaigns.services.delivery import deliver_due
from campaigns.services.finder import best_of, explain, proposed
from referrals.models import Advocate, Candidate, Event, Finder, Segment
from referrals.services.conversion import record_conversion
from referrals.services.enrolment import enrol
from referrals.services.finder import finder_of, rescore_due
from referrals.services.referral import Friend, submit_referrals
from referrals.services.segment import size_segment
from referrals.services.summary import renew_summaries
from rewards.models import LedgerEntry, Reward
from rewards.models.ledger import Account
from rewards.services.reward import hand_out
from tests.factories import ProgramFactory, RewardRuleFactory, UserFactory

FILE = Path(settings.BASE_DIR).parent / "shared" / "data" / "cdnow_sample.csv"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not FILE.exists(), reason="../shared, which is no part of the product, is absent"),
]  # fmt: skip


def import_purchases():
    call_command(
        "import_events", str(FILE), "--kind=purchase", "--currency=USD", "--create-advocates",
        "--column=advocate=customer_id", "--column=occurred_at=purchased_on", "--column=amount=amount_usd",
    )  # fmt: skip


def test_the_finder_puts_the_customers_of_the_file_in_order_with_every_reason():
    program = ProgramFactory()
    import_purchases()
    # The day after the last purchase, so that “lately” means something. Counted by hand out of the file.
    end = datetime(1998, 7, 1, tzinfo=UTC)
    renew_summaries(now=end)
    Finder.objects.update(scored_at=None)
    rescore_due(now=end)

    scores = dict(Candidate.objects.values_list("score").annotate(people=Count("pk")))
    first = explain(best_of(proposed(program, None, now=end), program, 0, 10), finder_of(program), now=end)
    regulars = [{"field": "purchases", "is": "at_least", "value": 5}]
    segment = Segment.objects.create(name="Regulars", program=program, conditions=regulars)

    assert scores == {35: 192, 25: 303, 15: 657}
    assert [(words, points) for words, points in first[0].reasons] == [
        ("bought more than once", 15), ("bought five times or more", 10), ("bought lately", 10),
    ]  # fmt: skip
    assert [(one.score, one.budget_left) for one in first] == [(35, 6)] * 10
    assert size_segment(segment, now=end) == 388


def test_a_customer_from_the_file_recommends_a_friend_and_both_are_thanked(now, capsys, mailoutbox):
    import_purchases()
    import_purchases()

    assert capsys.readouterr().out.splitlines() == [
        "6,919 rows: 6,919 new events, 0 recorded before; 2,357 new advocates.",
        "6,919 rows: 0 new events, 6,919 recorded before; 0 new advocates.",
    ]
    purchases = Event.objects.filter(kind=Event.Kind.PURCHASE)
    best = purchases.values("advocate__external_id").annotate(
        count=Count("pk"), discs=Sum(Cast(KT("data__quantity"), BigIntegerField())),
        spent=Sum(Cast(KT("data__amount"), BigIntegerField())),
    ).order_by("-spent").first()  # fmt: skip
    assert best == {"advocate__external_id": "19339", "count": 56, "discs": 378, "spent": 655270}

    customer = Advocate.objects.get(external_id=best["advocate__external_id"])
    customer.name, customer.email = "Carla Bianchi", "carla@customer.example"
    customer.save()
    program = ProgramFactory(currency="USD", owner=UserFactory())
    for side in ("advocate", "friend"):
        RewardRuleFactory(program=program, side=side)
    enrolment = enrol(customer, program, now=now)
    [referral] = submit_referrals(
        enrolment, [Friend("Ben Weber", "ben@friend.example")], now=now, agreement="Ben agreed."
    )
    record_conversion(referral, external_id="order-1", amount=2999, currency="USD", now=now)
    rewards = Reward.objects.filter(referral=referral)
    rewards.advance(Reward.Status.APPROVED, now=now)
    hand_out(rewards, now=now, by=None, code="GIFT-1")

    assert LedgerEntry.objects.balance(Account.PAID, "USD") == 8000
    assert sorted(Message.objects.values_list("purpose", "to_address")) == [
        ("invitation", "ben@friend.example"),
        ("referral_thanks", "carla@customer.example"),
        ("reward_advocate", "carla@customer.example"),
        ("reward_friend", "ben@friend.example"),
        ("sales_alert", program.owner.email),
        ("success_thanks", "carla@customer.example"),
        ("welcome", "ben@friend.example"),
    ]
    deliver_due(now=now)
    thanks = Message.objects.get(purpose="success_thanks")
    [mail] = [m for m in mailoutbox if m.extra_headers["Message-ID"] == thanks.message_id]
    assert (thanks.status, mail.to) == ("sent", ["carla@customer.example"])
    assert "Ben" in mail.body
