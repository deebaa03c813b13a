"""Excel workbooks (.xlsx) as rows of text, read as a stream; what would fill the memory is refused first."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO, NamedTuple
from zipfile import ZipFile

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from openpyxl import load_workbook

ZIP = b"PK\x03\x04"
# What openpyxl holds at once: a row of a sheet, and whole every other part, such as shared strings and styles.
MOST_TAGS_A_ROW = 4_000
MOST_TAGS_BESIDES = 2_400_000
EXCEL_ROWS = 1_048_576
_ROW = re.compile(rb"<(?:\w+:)?row(?=[\s/>])")


class Limits(NamedTuple):
    """How much of a file is read: rows (without its header), and bytes of a workbook once unpacked."""

    rows: int
    unpacked: int


# What comes through a browser, and what somebody with a shell on the machine reads.
UPLOADED = Limits(50_000, 100 * 1024 * 1024)
TRUSTED = Limits(10**12, 4 * 1024**3)


def workbook_rows(file: BinaryIO, limits: Limits) -> Iterator[list[str]]:
    """The rows of the first sheet, empty ones too. Raises ValidationError with a sentence."""
    try:
        _refuse_bomb(file, limits)
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        # A sheet may say that it has 16,384 columns.
        sheet.reset_dimensions()
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            if number > EXCEL_ROWS:
                raise _not_a_workbook()
            yield [_text_of(cell) for cell in cells]
    except ValidationError:
        raise
    except Exception as error:
        # Whatever a damaged or forged part makes of the library that reads it.
        raise _not_a_workbook() from error


def _refuse_bomb(file: BinaryIO, limits: Limits) -> None:
    with ZipFile(file) as archive:
        parts = [part for part in archive.infolist() if part.filename.endswith((".xml", ".rels"))]
        # The archive reads no more of a part than it declares here.
        if sum(part.file_size for part in parts) > limits.unpacked:
            raise _too_large()
        for part in parts:
            with archive.open(part) as unpacked:
                _count_tags(unpacked, is_sheet="worksheets/" in part.filename)


def _count_tags(part: Any, *, is_sheet: bool) -> None:
    tags, limit = 0, MOST_TAGS_A_ROW if is_sheet else MOST_TAGS_BESIDES
    while block := part.read(65536):
        first, *others = _ROW.split(block) if is_sheet else [block]
        tags += first.count(b"<")
        for row in others:
            if tags > limit:
                raise _too_large()
            tags = row.count(b"<")
        if tags > limit:
            raise _too_large()


def _text_of(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case float():
            # As people write it: neither 1e+16 nor 1234.0.
            return f"{Decimal(repr(value)):f}".removesuffix(".0")
    return str(value)


def _too_large() -> ValidationError:
    return ValidationError(
        _("The workbook unpacks to far more than a list of people. Copy the rows you need into a new one.")
    )


def _not_a_workbook() -> ValidationError:
    return ValidationError(
        _(
            "This is no Excel workbook (.xlsx) that can be read. Save it again as .xlsx without password, or as CSV."
        )
    )
