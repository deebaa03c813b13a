"""Files of rows as people have them: any usual encoding and separator, read row by row."""

import codecs
import csv
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from referrals.contacts import clean_text

MOST_COLUMNS = 40
LONGEST_CELL = 1000
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Beginnings of what people rename to .csv: spreadsheets and archives, old spreadsheets, gzip, PDF.
NO_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"%PDF")


class Row(NamedTuple):
    """One row of a file: its number as a spreadsheet shows it (the header is 1) and its cells."""

    number: int
    cells: list[str]


class Table:
    """A CSV file with a header. Iterate over it for its rows, empty ones left out.

    Raises ValidationError with a sentence when it cannot be read, at the start or in the middle.
    """

    def __init__(self, path: Path) -> None:
        self.size = path.stat().st_size
        encoding = _encoding_of(path)
        self._bytes = path.open("rb")
        self._file = TextIOWrapper(self._bytes, encoding, newline="")
        try:
            self._rows = self._read(_separator_of(self._file))
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
        self._file.close()

    def _read(self, separator: str) -> Iterator[Row]:
        number = 0
        try:
            for number, cells in enumerate(csv.reader(self._file, delimiter=separator, strict=True), start=1):
                if any(cell.strip() for cell in cells):
                    yield Row(number, cells)
        except csv.Error as error:
            raise ValidationError(
                _(
                    "Row %(row)d cannot be read: a quotation mark is open or out of place. Close or double it."
                ),
                params={"row": number + 1},
            ) from error
        except UnicodeError as error:
            raise ValidationError(
                _("The file's text is damaged after row %(row)d. Save it again as CSV in UTF-8."),
                params={"row": number},
            ) from error


def _encoding_of(path: Path) -> str:
    """The encoding: by its byte order mark, else UTF-8 if all of it is, else what Windows writes."""
    with path.open("rb") as file:
        start = file.read(4096)
        if start.startswith(NO_TEXT):
            raise ValidationError(_("This is no CSV file. Open it in your spreadsheet and save it as CSV."))
        for mark, encoding in BYTE_ORDER_MARKS.items():
            if start.startswith(mark):
                return encoding
        if b"\0" in start[:2]:
            return "utf-16-be" if start[0] == 0 else "utf-16-le"
        file.seek(0)
        for encoding in ("utf-8", "cp1252"):
            if _reads_as(encoding, file):
                return encoding
    return "latin-1"


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
        first = file.readline(65536)
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
