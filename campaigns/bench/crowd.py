"""What is done to very many people at once: how long it takes, and how much memory, beside its bar."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from campaigns.bench.bulk import FEW
from campaigns.bench.report import aligned
from campaigns.bench.scratch import Scratch

OPERATIONS = 7
MILLION = 1_000_000


@dataclass
class Bulk:
    """One operation on so many rows; ``processor`` is this side's only, the database's comes on top."""

    operation: str
    rows: int
    seconds: float
    processor: float
    memory_mib: float
    bar_seconds: float


def measure_crowd(scratch: Scratch, people: int) -> Iterator[Bulk]:
    """Measure each on ``people`` people; the bars are those for a million, in proportion."""
    few = max(people // FEW, 10)
    scratch.run("fill.fill", advocates=50, referrals=few // 10, messages=10)
    path = str(Path(scratch.environment["VAR_DIR"]) / "people.csv")
    scratch.run("bulk.write_file", path=path, people=people)
    share = people / MILLION
    yield _bulk("people imported", scratch.run("bulk.import_file", path=path), 90 * share)
    yield _bulk("the same file again", scratch.run("bulk.import_file", path=path), 90 * share)
    yield _bulk("people of a plan asked", scratch.run("bulk.plan"), 60 * share)
    # However many people there are.
    yield _bulk("tick of the planner, nothing due", scratch.run("bulk.tick"), 10 * 0.05)
    yield _bulk("digests written", scratch.run("bulk.digests", people=few), 60 * share)
    yield _bulk("rewards approved", scratch.run("bulk.approvals"), 10 * share)
    yield _bulk("people written as CSV", scratch.run("bulk.export"), 30 * share)


def _bulk(operation: str, found: dict[str, Any], bar: float) -> Bulk:
    return Bulk(
        operation, found["rows"], round(found["seconds"], 2), round(found["processor"], 2),
        round(found["memory"], 1), round(bar, 2),
    )  # fmt: skip


def crowd_data(rows: Sequence[Bulk]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


HEAD = ("operation", "rows", "seconds", "bar", "processor", "MiB more")


def crowd_table(rows: Sequence[Bulk]) -> str:
    number = "{:,.2f}".format
    return aligned(
        [
            HEAD,
            *(
                (row.operation, f"{row.rows:,}", number(row.seconds), number(row.bar_seconds),
                 number(row.processor), f"{row.memory_mib:,.1f}")
                for row in rows
            ),
        ],
        left={0},
    )  # fmt: skip
