"""Files of rows as people have them: any usual encoding and separator, read row by row."""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from io import SEEK_END, BytesIO, TextIOWrapper
from pathlib import Path
from typing import BinaryIO, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from referrals.contacts import clean_text
from referrals.workbooks import TRUSTED, ZIP, Limits, workbook_rows

# What the largest exports have: all properties of a CRM, all columns of a shop's orders.
MOST_COLUMNS = 300
LONGEST_CELL = 1000
# 300 cells of 400 signs with their separators: as much as the csv library takes for one cell.
LONGEST_LINE = 2**17
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SALESFORCE = b"salesforce.com, inc. All rights reserved."
# Cyrillic letters as Windows-1251 writes them. Read as Windows-1252 they are accented ones, of which no word of
# our languages has three in a row.
_CYRILLIC = re.compile(rb"[\xa8\xb8\xc0-\xff]{3,}")
_ACCENTED = re.compile(rb"[\xa8\xb8\xc0-\xff]")
# Beginnings of what people rename to .csv: old or locked spreadsheets, gzip, other archives, PDF, pictures.
NO_TEXT = (
    b"\xd0\xcf\x11\xe0",
    b"\x1f\x8b",
    b"7z\xbc\xaf",
    b"Rar!",
    b"PK\x05\x06",
    b"BZh",
    b"%PDF",
    b"\x89PNG",
)


class Row(NamedTuple):
    """One row of a file: its number as a spreadsheet shows it (the header is 1) and its cells."""

    number: int
    cells: list[str]


class RowError(NamedTuple):
    """What is wrong with one row, and what to do about it."""

    row: int
    column: str
    text: str

    def __str__(self) -> str:
        return _("Row %(row)d, %(column)s: %(text)s") % self._asdict()


class Table:
    """A CSV file or the first sheet of an Excel workbook, with a header. Iterate over it for its rows,
    empty ones left out.

    Raises ValidationError with a sentence when it cannot be read, at the start or in the middle.
    """

    def __init__(self, source: Path | bytes, limits: Limits = TRUSTED) -> None:
        self._bytes: BinaryIO = BytesIO(source) if isinstance(source, bytes) else source.open("rb")
        self.size = self._bytes.seek(0, SEEK_END)
        self._limits = limits
        self._footed = self._has_a_footer()
        try:
            self._rows = self._numbered(self._open())
            self.header = _checked_header(next(self._rows, Row(1, [])).cells)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Table":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    @property
    def position(self) -> int:
        """How many of its ``size`` bytes have been read."""
        return self._bytes.tell()

    def close(self) -> None:
        self._bytes.close()

    def _has_a_footer(self) -> bool:
        """Whether Salesforce has written beneath the rows whose report this is, in lines of one cell."""
        self._bytes.seek(-min(self.size, 2048), SEEK_END)
        found = SALESFORCE in self._bytes.read()
        self._bytes.seek(0)
        return found

    def _open(self) -> Iterator[list[str]]:
        start = self._bytes.read(len(ZIP))
        self._bytes.seek(0)
        if start == ZIP:
            return _as_wide_as_the_header(workbook_rows(self._bytes, self._limits))
        # Kept, or it would close the file with itself.
        self._text = TextIOWrapper(self._bytes, _encoding_of(self._bytes), newline="")
        return csv_rows(self._text)

    def _numbered(self, rows: Iterator[list[str]]) -> Iterator[Row]:
        found, wide = 0, False
        for number, cells in enumerate(rows, start=1):
            if self._footed and wide and len(cells) == 1:
                continue
            wide = wide or len(cells) > 1
            if number > self._limits.rows + 1:
                raise ValidationError(
                    _(
                        "The file has more than %(count)d rows. Split it, or have it read on the command line."
                    ),
                    params={"count": self._limits.rows},
                )
            if any(cell and not cell.isspace() for cell in cells):
                found += 1
                yield Row(number, cells)
        if found == 1:
            raise ValidationError(_("The file names its columns, and has no rows beneath."))


def is_ragged(row: Row, header: Sequence[str]) -> bool:
    return len(row.cells) != len(header)


def ragged(row: Row, header: Sequence[str]) -> str:
    """What to do about a row that is not as wide as the header."""
    return _(
        "It has %(cells)d cells where the header has %(header)d. Look for a separator too many or too few."
    ) % {"cells": len(row.cells), "header": len(header)}


def csv_rows(text: TextIOWrapper) -> Iterator[list[str]]:
    """The rows of a CSV file, separated by whichever sign. Raises ValidationError."""
    number = 0
    try:
        separator = _separator_of(text)
        for number, cells in enumerate(  # noqa: B007 - told when the next row cannot be read
            csv.reader(_lines(text), delimiter=separator, strict=True), start=1
        ):
            yield cells
    except csv.Error as error:
        raise ValidationError(
            _("Row %(row)d cannot be read: a quotation mark is open or out of place. Close or double it."),
            params={"row": number + 1},
        ) from error
    except OverflowError as error:
        raise ValidationError(
            _(
                "Row %(row)d is longer than any row may be. Delete columns that you do not need, and long texts."
            ),
            params={"row": number + 1},
        ) from error
    except UnicodeError as error:
        raise ValidationError(
            _("The file's text is damaged after row %(row)d. Save it again as CSV in UTF-8."),
            params={"row": number},
        ) from error


def _lines(text: TextIOWrapper) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
            raise OverflowError
        yield line


def _as_wide_as_the_header(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """Rows of a sheet end with their last filled cell; beyond the header there may be formatted, empty ones."""
    width = 0
    for cells in rows:
        while len(cells) > width and not cells[-1]:
            cells.pop()
        width = width or len(cells)
        yield cells + [""] * (width - len(cells))


def _encoding_of(file: BinaryIO) -> str:
    """The encoding: by its byte order mark, else UTF-8 if all of it is, else what Windows writes."""
    start = file.read(4096)
    if start.startswith(NO_TEXT):
        raise ValidationError(_("This is no CSV file. Open it in your spreadsheet and save it as CSV."))
    try:
        for mark, encoding in BYTE_ORDER_MARKS.items():
            if start.startswith(mark):
                return encoding
        if b"\0" in start[:2]:
            return "utf-16-be" if start[0] == 0 else "utf-16-le"
        usual = ("utf-8", "cp1251", "cp1252") if _looks_cyrillic(file) else ("utf-8", "cp1252")
        return next((encoding for encoding in usual if _reads_as(encoding, file)), "latin-1")
    finally:
        file.seek(0)


def _looks_cyrillic(file: BinaryIO) -> bool:
    """Whether most of what would be accented letters stands in words of nothing else. Looks at the first 64 kB."""
    file.seek(0)
    start = file.read(65536)
    return sum(map(len, _CYRILLIC.findall(start))) * 2 > len(_ACCENTED.findall(start))


def _reads_as(encoding: str, file: BinaryIO) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while block := file.read(65536):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _separator_of(file: TextIOWrapper) -> str:
    """Whichever of comma, semicolon and tab makes the most of the first line."""
    try:
        first = file.readline(LONGEST_LINE)
    except UnicodeError as error:
        raise ValidationError(_("The file's text is damaged. Save it again as CSV in UTF-8.")) from error
    file.seek(0)
    return max(",;\t", key=lambda separator: len(next(csv.reader([first], delimiter=separator), [])))


def _checked_header(cells: list[str]) -> list[str]:
    if not cells:
        raise ValidationError(_("The file is empty. Its first row must name the columns."))
    if len(cells) > MOST_COLUMNS:
        raise ValidationError(
            _("The file has %(count)d columns; %(limit)d are allowed. Delete those you do not need."),
            params={"count": len(cells), "limit": MOST_COLUMNS},
        )
    header = [clean_text(cell, 80) for cell in cells]
    if "" in header:
        raise ValidationError(
            _("Column %(number)d has no name. Name it in the first row, or delete it."),
            params={"number": header.index("") + 1},
        )
    if twice := next((name for name in header if header.count(name) > 1), None):
        raise ValidationError(
            _("Two columns are called “%(name)s”. Rename or delete one of them."), params={"name": twice}
        )
    return header
