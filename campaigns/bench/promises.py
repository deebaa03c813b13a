"""What people are promised, held to under load: each once, in time, and the books add up."""

from collections import Counter
from collections.abc import Iterator
from time import perf_counter
from typing import Any, NamedTuple

from campaigns.bench.load import PROCESSES
from campaigns.bench.reported import compare
from campaigns.bench.scratch import Scratch
from campaigns.bench.web import served

FRIENDS, REQUESTS, AT_ONCE = 100, 10_000, 64
SALES = 20_000
CODES, CLAIMS, CLIENTS = 1000, 5000, 32
HOLDS, ENTRIES = 100_000, 1_000_000
SECONDS_FOR_HOLDS, MEMORY_GROWTH_MIB, REPORT_MS = 60, 32, 300
CHECKS = 5


class Promise(NamedTuple):
    """One of them: what was seen, in words, and whether it was kept."""

    name: str
    seen: str
    kept: bool


def keep_all(scratch: Scratch, application: str, scale: float = 1) -> Iterator[Promise]:
    """Try each of them in the scratch database; ``scale`` makes all of it smaller."""

    def of(number: int) -> int:
        return max(int(number * scale), PROCESSES)

    friends = of(FRIENDS)
    known = scratch.run("fill.fill", advocates=max(friends, 10), referrals=friends, messages=5)
    yield _one_sale_each(scratch, application, known, of(REQUESTS))
    yield _what_was_acknowledged_is_there(scratch, application, known, of(SALES))
    yield _one_code_each(scratch, of(CODES), of(CLAIMS))
    yield _holds_end(scratch, of(HOLDS))
    yield _reports_open(scratch, of(ENTRIES))


def _one_sale_each(scratch: Scratch, application: str, known: dict[str, Any], requests: int) -> Promise:
    sales = known["sales"]["api-many"]
    spec = {"key": known["key"], "sales": sales, "requests": requests // PROCESSES}
    with served(scratch, application) as port:
        jobs = [
            scratch.start("hammer.repeat_sales", port=port, threads=AT_ONCE // PROCESSES, **spec)
            for _ in range(PROCESSES)
        ]
        answers: Counter[str] = sum((Counter(job.answer()) for job in jobs), Counter())
    found = scratch.run("rewarding.count_sales")
    right = found == {"sales": len(sales), "advocate": len(sales), "friend": len(sales), "differences": 0}
    fine = set(answers) <= {"200", "201"} and answers["201"] == len(sales)
    said = ", ".join(f"{count:,} × {status}" for status, count in sorted(answers.items()))
    return Promise(
        f"{requests:,} requests for {len(sales)} sales, {AT_ONCE} at a time",
        f"{said}; {found['sales']} sales, {found['advocate']} and {found['friend']} rewards, "
        f"{found['differences']} differences in the ledger",
        right and fine,
    )


def _what_was_acknowledged_is_there(
    scratch: Scratch, application: str, known: dict[str, Any], sales: int
) -> Promise:
    start = perf_counter()
    spec = {"key": known["key"], "codes": known["codes"], "sales": sales // PROCESSES}
    with served(scratch, application) as port:
        jobs = [
            scratch.start("reported.report_sales", port=port, number=n, threads=AT_ONCE // PROCESSES, **spec)
            for n in range(PROCESSES)
        ]
        reports = [job.answer() for job in jobs]
    seconds = perf_counter() - start
    said, kept = compare(reports, scratch.run("reported.count_reported"))
    return Promise(
        f"{sales:,} distinct sales, half in calls of a hundred, {AT_ONCE} at a time, in {seconds:.0f} s",
        said,
        kept,
    )


def _one_code_each(scratch: Scratch, codes: int, claims: int) -> Promise:
    scratch.run("rewarding.fill_pool", codes=codes, claims=claims)
    jobs = [
        scratch.start("rewarding.claim_codes", number=n, threads=CLIENTS // PROCESSES)
        for n in range(PROCESSES)
    ]
    times = sorted(time for job in jobs for time in job.answer())
    found = scratch.run("rewarding.count_codes")
    return Promise(
        f"{claims:,} claims on a pool of {codes:,} codes, {CLIENTS} at a time",
        f"{found['given']:,} given, each once: {'yes' if found['once'] else 'no'}; {found['waiting']:,} wait; "
        f"half of them took {times[len(times) // 2]:.0f} ms or less, {found['differences']} differences",
        found["given"] == codes and found["once"] and found["waiting"] == claims - codes
        and len(times) == claims and not found["differences"],
    )  # fmt: skip


def _holds_end(scratch: Scratch, holds: int) -> Promise:
    scratch.run("rewarding.fill_holds", count=holds)
    # As the workers do it when one run of the schedule meets the next.
    found = [job.answer() for job in [scratch.start("rewarding.release") for _ in range(PROCESSES)]]
    released, cpu = (sum(each[name] for each in found) for name in ("released", "cpu"))
    seconds, grew = (max(each[name] for each in found) for name in ("seconds", "grew"))
    return Promise(
        f"{holds:,} holds that end",
        f"{released:,} released in {seconds:.0f} s by {PROCESSES} workers ({cpu:.0f} s of our processor time); "
        f"the memory of one grew by {grew:.0f} MiB",
        released == holds and seconds <= SECONDS_FOR_HOLDS and grew <= MEMORY_GROWTH_MIB,
    )


def _reports_open(scratch: Scratch, entries: int) -> Promise:
    scratch.run("rewarding.fill_ledger", entries=entries)
    found = scratch.run("rewarding.open_reports")
    said = ", ".join(f"{name} {ms:.0f} ms" for name, ms in found.items())
    return Promise(
        f"Reports on {entries:,} ledger entries", said, all(ms < REPORT_MS for ms in found.values())
    )


def as_text(promise: Promise) -> str:
    return f"{'kept  ' if promise.kept else 'BROKEN'}  {promise.name}: {promise.seen}."
