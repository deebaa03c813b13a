"""Tables for a spreadsheet, whose cells are text and never formulas."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

# What spreadsheets take for a formula: at the beginning, and after what they split cells at when pasted.
_FORMULA = re.compile(r"(^|[\n\r\t;,\"'])(?=\s*[=+\-@\t\r＝＋－＠])")


def defuse(cell: Any) -> str:
    """The cell as text: an apostrophe stands before whatever a spreadsheet would work out."""
    text = str(cell)
    # Most cells are a word, a number or nothing, and need no closer look.
    return text if text.isalnum() or not text else _FORMULA.sub(r"\1'", text)


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The rows as lines of CSV, with the mark by which spreadsheets know UTF-8."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    for row in rows:
        yield writer.writerow([defuse(cell) for cell in row])


class _Echo:
    def write(self, line: str) -> str:
        return line
