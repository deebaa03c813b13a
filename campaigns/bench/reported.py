"""Very many distinct sales over HTTP, from clients that repeat themselves and hang up: are those that were
acknowledged there, and none twice?"""

import json
from collections import Counter
from http.client import HTTPException
from threading import Thread
from typing import Any

from campaigns.bench.hammer import SOLD_AT, Client
from referrals.models import Attribution, Conversion, Event
from rewards.models import Reward, RewardRule
from rewards.services.audit import ledger_differences

LABEL, AT_ONCE = "reported", 100
# Every so many calls, the same once more, or without waiting for the answer.
TWICE_EVERY, HUNG_UP_EVERY = 20, 50
SINGLE, BULK = "/api/v1/conversions", "/api/v1/conversions/bulk"


def report_sales(
    port: int, key: str, codes: list[str], sales: int, threads: int, number: int, at_once: int = AT_ONCE
) -> dict[str, Any]:
    """Report so many sales, of which no two have the same order: half in calls of ``at_once``, half alone.

    Returns the orders that were acknowledged, how many calls were hung up on or failed, and each other answer.
    """
    done = Shop(port, key, codes, at_once)
    lots = [range(first, min(first + at_once, sales)) for first in range(0, sales, at_once)]
    workers = [
        Thread(target=done.report, args=(lots[thread::threads], number, thread)) for thread in range(threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {"acknowledged": done.acknowledged, "calls": done.calls}


class Shop:
    """Reports sales, and notes what it was told about them."""

    def __init__(self, port: int, key: str, codes: list[str], at_once: int) -> None:
        self.port, self.codes, self.at_once = port, codes, at_once
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.acknowledged: list[str] = []
        self.calls: Counter[str] = Counter()

    def report(self, lots: list[range], number: int, thread: int) -> None:
        client = Client(self.port, thread)
        for lot in lots:
            items = [self._sale(f"{LABEL}-{number}-{n}", n) for n in lot]
            # Every other lot in bulk, the others sale by sale.
            if (turn := lot.start // self.at_once) % 2 == 0:
                self._call(client, BULK, items, turn)
                continue
            for n, item in zip(lot, items, strict=True):
                self._call(client, SINGLE, [item], n)

    def _call(self, client: Client, path: str, items: list[dict[str, Any]], turn: int) -> None:
        body = json.dumps({"items": items} if path == BULK else items[0])
        if turn % HUNG_UP_EVERY == 4:
            self.calls["hung up"] += 1
            client.connection.request("POST", path, body, self.headers)
            client.connection.close()
            return
        for _time in range(2 if turn % TWICE_EVERY == 2 else 1):
            try:
                response, answer = client.ask("POST", path, body, **self.headers)
            except (OSError, HTTPException):
                self.calls["no answer"] += 1
                client.connection.close()
                return
            self._note(items, response.status, json.loads(answer))

    def _note(self, items: list[dict[str, Any]], status: int, answer: dict[str, Any]) -> None:
        self.calls[str(status)] += 1
        told = [row["status"] for row in answer["results"]] if "results" in answer else [status]
        for item, said in zip(items, told, strict=False):
            if said in (200, 201):
                self.acknowledged.append(item["external_id"])

    def _sale(self, order: str, n: int) -> dict[str, Any]:
        return {
            "external_id": order, "amount": 12900, "currency": "EUR", "occurred_at": SOLD_AT,
            "email": f"{order}@bench.example", "code": self.codes[n % len(self.codes)],
        }  # fmt: skip


def count_reported() -> dict[str, Any]:
    """The orders that are there, and how many of everything that each of them makes once."""
    mine = {"external_id__startswith": LABEL}
    sold = Conversion.objects.filter(**mine)
    recorded = Event.objects.filter(kind=Event.Kind.CONVERSION_RECORDED, data__order__startswith=LABEL)
    rewards = Reward.objects.filter(referral__conversions__external_id__startswith=LABEL)
    once = [
        Attribution.objects.filter(**mine).count(),
        recorded.count(),
        sold.values("referral").distinct().count(),
    ]
    once += [rewards.filter(side=side).count() for side in RewardRule.Side.values]
    return {
        "orders": list(sold.values_list("external_id", flat=True)), "once": once,
        "differences": len(ledger_differences()),
    }  # fmt: skip


def compare(reports: list[dict[str, Any]], found: dict[str, Any]) -> tuple[str, bool]:
    """What was acknowledged beside what is there, in words; and whether nothing is missing and nothing double."""
    acknowledged = {order for report in reports for order in report["acknowledged"]}
    calls: Counter[str] = sum((Counter(report["calls"]) for report in reports), Counter())
    there = set(found["orders"])
    missing, more = len(acknowledged - there), len(there - acknowledged)
    double = sum(count != len(there) for count in found["once"]) + len(found["orders"]) - len(there)
    said = ", ".join(f"{count:,} × {answer}" for answer, count in sorted(calls.items()))
    text = (
        f"{said}; {len(acknowledged):,} sales acknowledged, {missing:,} of them missing, {more:,} there without an "
        f"answer, {'none' if not double else 'some'} twice, {found['differences']} differences in the ledger"
    )
    fine = set(calls) <= {"200", "201", "hung up", "no answer"}
    return text, fine and not (missing or double or found["differences"]) and bool(acknowledged)
