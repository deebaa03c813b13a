"""What was measured, as a table for people and as JSON for machines."""

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

from django.db import connection


@dataclass
class Measured:
    """Milliseconds of every call, by so many workers who are never idle."""

    workers: int = 1
    times: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.workers * len(self.times) * 1000 / sum(self.times) if self.times else 0

    def percentile(self, share: int) -> float:
        ordered = sorted(self.times)
        return ordered[min(len(ordered) * share // 100, len(ordered) - 1)] if ordered else 0


@dataclass
class Line:
    """One operation: what it did a second, how long one took, and what its yardstick did in the same run."""

    operation: str
    calls: int
    per_second: float
    p50_ms: float
    p99_ms: float
    yardstick: str = ""
    yardstick_per_second: float | None = None
    ratio: float | None = None
    bar: float | None = None


def line(
    operation: str, ours: Measured, yardstick: str = "", its: Measured | None = None, bar: float | None = None
) -> Line:
    rate = its.per_second if its else None
    return Line(
        operation, len(ours.times), round(ours.per_second, 1), round(ours.percentile(50), 1),
        round(ours.percentile(99), 1), yardstick, round(rate, 1) if rate else None,
        round(ours.per_second / rate, 2) if rate else None, bar,
    )  # fmt: skip


def versions() -> dict[str, str]:
    """What was measured on."""
    known = [platform.python_implementation(), "Django", "gunicorn"]
    numbers = [platform.python_version(), version("django"), version("gunicorn")]
    database = ".".join(map(str, connection.get_database_version()))
    return {connection.display_name: database, **dict(zip(known, numbers, strict=True))}


def as_data(lines: Sequence[Line], database: str) -> dict[str, Any]:
    return {"database": database, "versions": versions(), "operations": [asdict(line) for line in lines]}


HEAD = ("operation", "calls", "a second", "p50 ms", "p99 ms", "ratio", "bar", "of the yardstick")


def as_table(lines: Sequence[Line]) -> str:
    return aligned([HEAD, *(_cells(line) for line in lines)], left={0, len(HEAD) - 1})


def aligned(rows: Sequence[Sequence[str]], *, left: set[int]) -> str:
    """The rows below each other, these columns to the left and the others to the right."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return "\n".join(_aligned(row, widths, left) for row in rows)


def _cells(line: Line) -> tuple[str, ...]:
    number = "{:,.1f}".format
    ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
    bar = "" if line.bar is None else f"{line.bar:.2f}"
    its = f"{line.yardstick}, {number(line.yardstick_per_second)}" if line.yardstick_per_second else ""
    return (
        line.operation, f"{line.calls:,}", number(line.per_second), number(line.p50_ms), number(line.p99_ms),
        ratio, bar, its,
    )  # fmt: skip


def _aligned(row: Sequence[str], widths: Sequence[int], left: set[int]) -> str:
    cells = [
        cell.ljust(width) if n in left else cell.rjust(width)
        for n, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
