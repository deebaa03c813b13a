"""Work on rewards for the bench: pools, holds, and a ledger of a million entries."""

import resource
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client

from campaigns.bench.fill import NOW, enrol_many, name_friends
from campaigns.bench.load import PROCESSES
from referrals.models import Conversion, Enrolment, Event, Program, Referral
from referrals.services.conversion import record_conversion
from rewards.models import CouponCode, Incentive, LedgerEntry, Reward, RewardRule
from rewards.models.reward import book
from rewards.services.audit import ledger_differences
from rewards.services.codes import import_codes
from rewards.services.reward import release_rewards

BATCH, FILLED_AT_ONCE = 1000, 50_000
TURNS = 9
PAGES = {"ledger": "ledgertransaction", "budgets": "budget", "rewards": "reward"}


def count_sales() -> dict[str, int]:
    sides = {side: Reward.objects.filter(side=side).count() for side in RewardRule.Side.values}
    return {"sales": Conversion.objects.count(), "differences": len(ledger_differences()), **sides}


def fill_pool(codes: int, claims: int) -> None:
    """A program that gives a code for every friend who buys, and has fewer codes than friends."""
    program = _program("pool")
    coupon = Incentive.objects.create(
        program=program, name="a coupon", kind="coupon", fulfilment="code", value=500
    )
    RewardRule.objects.create(program=program, side="advocate", incentive=coupon)
    import_codes(coupon, [f"CODE-{n:06}" for n in range(codes)])
    name_friends(enrol_many(program, claims // 5 + 1, "pool"), claims, "pool")


def claim_codes(number: int, threads: int) -> list[float]:
    """Milliseconds of each sale, which claims a code; with a database connection for each thread."""
    rows = list(Referral.objects.filter(email__startswith="pool").order_by("pk")[number::PROCESSES])

    def claim(thread: int) -> list[float]:
        try:
            return [_sell(row) for row in rows[thread::threads]]
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return [ms for times in pool.map(claim, range(threads)) for ms in times]


def _sell(row: Referral) -> float:
    start = perf_counter()
    record_conversion(row, external_id=f"order-{row.pk}", amount=12900, currency="EUR", now=NOW)
    return (perf_counter() - start) * 1000


def count_codes() -> dict[str, Any]:
    given = list(CouponCode.objects.exclude(reward=None).values_list("reward", "reward__status"))
    waiting = Reward.objects.filter(incentive__fulfilment="code", status="waiting").count()
    once = len({reward for reward, _status in given}) == len(given)
    right = all(status == "pending" for _reward, status in given)
    return {
        "given": len(given), "once": once and right, "waiting": waiting, "differences": len(ledger_differences()),
    }  # fmt: skip


def fill_holds(count: int) -> None:
    """So many promised rewards whose waiting time is over, and that nobody has to approve."""
    program = _program("holds")
    gift = Incentive.objects.create(
        program=program, name="a gift card", kind="gift_card", fulfilment="automatic", value=4000
    )
    rule = RewardRule.objects.create(program=program, side="advocate", incentive=gift, approval="never")
    places = enrol_many(program, 1000, "hold")
    for friends in _parts(name_friends(places, count, "hold")):
        events = [
            Event(
                kind=Event.Kind.CONVERSION_RECORDED, program=program, advocate_id=friend.enrolment.advocate_id,
                referral=friend, occurred_at=NOW, recorded_at=NOW, dedup_key=f"hold-{friend.pk}",
            )
            for friend in friends
        ]  # fmt: skip
        rewards = [
            Reward(
                program=program, rule=rule, incentive=gift, side="advocate", referral=friend, event=event,
                enrolment=friend.enrolment, amount=4000, cost=4000, currency="EUR", needs_approval=False, step=1,
                due_at=NOW, status_at=NOW - timedelta(days=14), created_at=NOW - timedelta(days=14),
            )
            for friend, event in zip(friends, events, strict=True)
        ]  # fmt: skip
        with transaction.atomic():
            Event.objects.bulk_create(events)
            Reward.objects.bulk_create(rewards)
            for reward in rewards:
                reward.status_before = ""
            book(rewards, now=NOW, by=None)


def release() -> dict[str, float]:
    """Release what is due; the memory that it took is measured from the first batch on."""
    Reward.objects.filter(status="pending").first()
    before, cpu, start = _memory(), time.process_time(), perf_counter()
    released = release_rewards(now=NOW)
    return {
        "released": released, "seconds": perf_counter() - start, "cpu": time.process_time() - cpu,
        "grew": _memory() - before,
    }  # fmt: skip


def fill_ledger(entries: int) -> None:
    """More entries, until there are so many; PostgreSQL makes them itself."""
    missing = (entries - LedgerEntry.objects.count()) // 2
    reward = Reward.objects.filter(program__slug="holds").first()
    assert reward is not None  # noqa: S101 - ``fill_holds`` comes before
    if connection.vendor != "postgresql":
        raise RuntimeError("Reports are measured on PostgreSQL.")
    places = list(Enrolment.objects.order_by("pk").values_list("pk", flat=True)[:3000])
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout TO 0")
        for first in range(0, missing, FILLED_AT_ONCE):
            last = min(first + FILLED_AT_ONCE, missing) - 1
            facts = [NOW, NOW, first, last, reward.program_id, reward.pk, NOW, places, len(places) - 1]
            cursor.execute(FILL_LEDGER, facts)
        cursor.execute("ANALYZE")


FILL_LEDGER = """
WITH e AS (
    INSERT INTO referrals_event (id, kind, program_id, data, occurred_at, recorded_at, dedup_key)
    SELECT gen_random_uuid(), 'reward.issued', p.program, '{}', %s, %s, 'ledger-' || n
    FROM generate_series(%s, %s) n, (SELECT %s::bigint AS program) p
    RETURNING id, program_id
), t AS (
    INSERT INTO rewards_ledgertransaction (id, event_id, reward_id, program_id, currency, recorded_at)
    SELECT gen_random_uuid(), id, %s, program_id, 'EUR', %s FROM e RETURNING id, program_id
)
INSERT INTO rewards_ledgerentry (transaction_id, program_id, enrolment_id, account, amount, currency)
SELECT t.id, t.program_id, (%s::bigint[])[1 + (random() * %s)::int], side.account, side.amount, 'EUR'
FROM t, (VALUES ('owed', -4000), ('paid', 4000)) AS side(account, amount)
"""


def open_reports() -> dict[str, float]:
    """Milliseconds of each list in the median, as whoever may see everything opens it."""
    user = User.objects.create(username="boss", email="boss@bench.example", is_staff=True, is_superuser=True)
    client = Client(headers={"host": "localhost"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return {name: median(_times(client, f"/admin/rewards/{model}/")) for name, model in PAGES.items()}


def _times(client: Client, path: str) -> Iterator[float]:
    for _turn in range(TURNS):
        start = perf_counter()
        response = client.get(path)
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status_code}")
        yield (perf_counter() - start) * 1000


def _program(slug: str) -> Program:
    program = Program.objects.get(slug="bench")
    program.pk, program.slug, program.name = None, slug, f"Friends of Bench ({slug})"
    program._state.adding = True
    program.save()
    return program


def _parts(rows: list[Referral]) -> Iterator[list[Referral]]:
    iterator = iter(rows)
    while part := list(islice(iterator, BATCH)):
        yield part


def _memory() -> float:
    """The most that this process ever held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
