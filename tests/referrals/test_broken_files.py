"""A hundred kinds of broken file: each gets a sentence with row and column where there is one, and nothing stays."""

import codecs
import io
import zipfile

import pytest
from django.core.exceptions import ValidationError
from openpyxl import Workbook

from referrals.happenings import Happenings
from referrals.headings import FURTHER, LEFT_OUT, guess
from referrals.models import Advocate, Event, Tag
from referrals.people import People
from referrals.services.imports import import_events
from referrals.services.people import import_people
from referrals.tables import Table
from referrals.workbooks import UPLOADED
from tests.factories import NOW

pytestmark = pytest.mark.django_db
COLUMNS = (
    "Customer ID",
    "Email",
    "Name",
    "Phone",
    "Country",
    "Language",
    "Time zone",
    "Kind",
    "Owner",
    "Tags",
    "Note",
)
HEADER = ",".join(COLUMNS) + "\n"

ADDRESS = "This does not look like an e-mail address. Write it as name@example.com."
NAME = "Write a name as one says it: letters, spaces, apostrophes and hyphens only."
PHONE = "This does not look like a phone number. Begin with the country code, such as +39 06 1234567."
UNSEEN = "Remove the invisible characters: type this text instead of pasting it."
# column → cells that cannot be read, and what is said of them (all of it, or how it begins).
CELLS = {
    "Email": {
        ADDRESS: (
            "anna", "anna@", "@x.example", "anna@x", "an na@x.example", "anna@x..example", "anna@-x.example",
            "a@b@c.example", "anna@x.example\u202e", "an\u200bna@x.example", "anna\0@x.example", "=1+1",
            "mailto:anna", "<anna@x.example>", "a@x.example; b@x.example", "a@x.example\nb@x.example",
            "a@" + "b" * 64 + ".example", "anna@[1.2.3.4]", ".anna@x.example", "#N/A",
        ),
    },
    "Customer ID": {
        "Write 80 characters or fewer.": ("7" * 81,),
        UNSEEN: ("C\x07", "C\u202e1", "C\u20661"),
        "This has a line break": ("C\n1",),
        "The spreadsheet could not work out this cell (#REF!). Correct it, or empty it.": ("#REF!",),
    },
    "Name": {
        NAME: (
            "Anna <b>", "An\u202ena", "=1+1", "12345", "Anna\nRossi", "www.x.example", "Anna|Rossi", "#NAME?", "@Anna",
        ),
        "Write the name in 60 characters or fewer.": ("a" * 61,),
    },
    "Phone": {
        PHONE: (
            "12", "call me", "+39\u202d0612345", "=+39061", "3.93E+11", "++39 06 123", "+39061234567890123456",
        ),
    },
    "Tags": {
        "These are 41 tags; 40 are allowed. Leave out those you do not need.": (";".join(map(str, range(41))),),
        "Write 60 characters or fewer.": ("t" * 61,),
        UNSEEN: ("v\u202eip",),
    },
    "Note": {
        "Write 1000 characters or fewer.": ("n" * 1001,),
        UNSEEN: ("\x1b[31m", "a\u200bb", "a\ufeffb", "\ue000"),
        "The spreadsheet could not work out this cell (#VALUE!)": ("#VALUE!",),
    },
}  # fmt: skip
BAD_CELLS = [
    (column, cell, said) for column, told in CELLS.items() for said, cells in told.items() for cell in cells
]


def take_in(content, limits=UPLOADED):
    """What is said of this file of people; there is nobody afterwards."""
    try:
        with Table(content, limits) as table:
            columns = {t: n for n, t in guess(table.header).targets.items() if t not in {FURTHER, LEFT_OUT}}
            done = import_people(table, People(columns=columns), now=NOW)
    except ValidationError as error:
        said = " ".join(error.messages)
    else:
        said = str(done.errors[0])
    assert (Advocate.objects.count(), Tag.objects.count(), Event.objects.count()) == (0, 0, 0)
    return said


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"'


@pytest.mark.parametrize(("column", "cell", "said"), BAD_CELLS, ids=range(len(BAD_CELLS)))
def test_a_cell_that_cannot_be_read_is_refused_with_its_place(column, cell, said):
    good = ["C1", "ben@x.example", *[""] * 9]
    bad = ["C2", "" if column == "Phone" else "carla@x.example", *[""] * 9]
    bad[COLUMNS.index(column)] = cell
    rows = "".join(",".join(map(quoted, row)) + "\n" for row in (good, bad))

    assert take_in((HEADER + rows).encode()).startswith(f"Row 3, {column}: {said}")


def workbook(*rows, change=None):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book.active)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_part(name, text, sheet=None):
    """A workbook with one of its parts replaced."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(sheet or workbook(["Email"], ["anna@x.example"]))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            new.writestr(part, text if part == name else old.read(part))
        if name not in old.namelist():
            new.writestr(name, text)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
XML = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
LEVELS = "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghijy", "bcdefghijyz", strict=True)
)
ENTITIES = f'<!DOCTYPE x [<!ENTITY a "{"ha" * 50}">{LEVELS}]><x>&z;</x>'
NO_BOOK = "This is no Excel workbook (.xlsx) that can be read."
TOO_LARGE = "The workbook unpacks to far more than a list of people."
NO_CSV = "This is no CSV file. Open it in your spreadsheet and save it as CSV."
NO_KEY = "Say which column holds the e-mail address or the customer number"
OPEN_QUOTE = "Row 2 cannot be read: a quotation mark is open or out of place."
FILES = {
    "nothing": (b"", "The file is empty."),
    "white space": (b" \n\n \n", "The file is empty."),
    "a mark and nothing": (codecs.BOM_UTF8, "The file is empty."),
    "a header and no rows": (HEADER.encode(), "The file names its columns, and has no rows beneath."),
    "no column that finds people": (b"Name,City\nAnna,Rome\n", NO_KEY),
    "a web page": (b"<html><body>Not found</body></html>\n<p>\n", NO_KEY),
    "a list of another kind": (b'[{"email": "anna@x.example"}]\n{}\n', NO_KEY),
    "301 columns": (",".join(f"c{n}" for n in range(301)).encode(), "The file has 301 columns; 300 are allowed."),
    "two million columns": (b"c," * 2_000_000 + b"\n", "Row 1 is longer than any row may be."),
    "two million cells in a row": (b"Email\n" + b"," * 2_000_000, "Row 2 is longer than any row may be."),
    "a column without a name": (b"Email,,Name\na@x.example,,\n", "Column 2 has no name."),
    "two columns of one name": (b"Email,Name,Name\n", "Two columns are called “Name”."),
    "a name that runs backwards": ("Email,N\u202eame\n".encode(), UNSEEN),
    "a name without end": (b"Email," + b"n" * 81 + b"\n", "Write 80 characters or fewer."),
    "a mark in the middle": (b"Email\n\xef\xbb\xbfanna@x.example\n", f"Row 2, Email: {ADDRESS}"),
    "an open quotation mark": (b'Email,Name\n"anna@x.example,Anna\n', OPEN_QUOTE),
    "a quotation mark in a cell": (b'Email,Name\n"anna"@x.example,Anna\n', OPEN_QUOTE),
    "too few cells": (b"Email,Name\nanna@x.example\n", "Row 2, the whole row: It has 1 cells where the header has 2."),
    "too many cells": (b"Email,Name\na@x.example,Anna,\n", "Row 2, the whole row: It has 3 cells"),
    "another separator half-way": (b"Email,Name\na@x.example,A\nb@x.example;B\n", "Row 3, the whole row: It has 1"),
    "a row about nobody": (b"Email,Name\n,Anna\n", "Row 2, the whole row: Neither e-mail address nor customer number"),
    "an address twice": (b"Email\na@x.example\nA@X.example\n", "Row 3, Email: Row 2 is about the same person."),
    "a number twice": (b"Customer ID\n7\n8\n7\n", "Row 4, Customer ID: Row 2 is about the same person."),
    "zeros": (b"Email\n" + b"\0" * 20, f"Row 2, Email: {ADDRESS}"),
    "half a sign at the end": ("Email\nanna@x.example\n".encode("utf-16") + b"\x00\xd8", "The file's text is damaged"),
    "half a sign at once": (codecs.BOM_UTF16_LE + b"\x00\xd8", "The file's text is damaged"),
    "four bytes a sign": ("Email\n".encode("utf-32"), "Remove the invisible characters"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", NO_CSV),
    "an old spreadsheet": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, NO_CSV),
    "a packed file": (b"\x1f\x8b\x08\0" + b"x" * 99, NO_CSV),
    "an archive of 7-Zip": (b"7z\xbc\xaf\x27\x1c" + b"x" * 99, NO_CSV),
    "an archive of RAR": (b"Rar!\x1a\x07\0" + b"x" * 99, NO_CSV),
    "an archive of bzip": (b"BZh91AY&SY" + b"x" * 99, NO_CSV),
    "an empty archive": (b"PK\x05\x06" + b"\0" * 18, NO_CSV),
    "a printed page": (b"%PDF-1.7\n", NO_CSV),
    "an archive with a table in it": (lambda: with_part("people.csv", "Email\n", sheet=zipped({})), NO_BOOK),
    "a text document": (lambda: zipped({"word/document.xml": "<w/>"}), NO_BOOK),
    "a workbook cut off": (lambda: workbook(["Email"], ["anna@x.example"])[:2000], NO_BOOK),
    "a workbook whose sheet is no sheet": (lambda: with_part(SHEET, "<oops"), NO_BOOK),
    "a workbook that repeats itself for ever": (lambda: with_part("xl/styles.xml", ENTITIES), NO_BOOK),
    "a workbook of two million cells in a row": (
        lambda: with_part(SHEET, XML.format(f"<row>{'<c/>' * 2_000_000}</row>")), TOO_LARGE,
    ),
    "a workbook of signs beside its rows": (lambda: with_part(SHEET, XML.format("<row/>") + "<c/>" * 5000), TOO_LARGE),
    "a workbook of endless styles": (lambda: with_part("xl/styles.xml", "<x/>" * 2_500_000), TOO_LARGE),
    "a workbook whose only row is the last": (
        lambda: with_part(SHEET, XML.format('<row r="999999999"><c r="A999999999"><v>1</v></c></row>')),
        "The file has more than 50000 rows.",
    ),
    "a workbook with a column beyond all": (
        lambda: with_part(SHEET, XML.format('<row r="1"><c r="ZZZZ1"><v>1</v></c></row>')), NO_BOOK,
    ),
    "an empty workbook": (lambda: workbook(), "The file is empty."),
    "a workbook with a header only": (lambda: workbook(["Email"]), "The file names its columns"),
    "a workbook with a fault": (
        lambda: workbook(["Email", "Note"], ["a@x.example", "#DIV/0!"]), "Row 2, Note: The spreadsheet could",
    ),
    "a formula that was never worked out": (
        lambda: workbook(["Email"], [None], ["=A1"], ["b@x"]), f"Row 4, Email: {ADDRESS}",
    ),
    "a workbook with merged cells": (
        lambda: workbook(
            ["Email", "Name"], ["a@x.example", "Anna"], [None, "Ben"], change=lambda sheet: sheet.merge_cells("A2:A3")
        ),
        "Row 3, the whole row: Neither e-mail address nor customer number",
    ),
    "a workbook with a cell beside its columns": (
        lambda: workbook(["Email"], ["a@x.example", None, "x"]), "Row 2, the whole row: It has 3",
    ),
    "a workbook with a date for a name": (
        lambda: workbook(["Email", "Name"], ["a@x.example", NOW.date()]), f"Row 2, Name: {NAME}",
    ),
}  # fmt: skip


def zipped(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in {"a.txt": "", **parts}.items():
            archive.writestr(name, text)
    return out.getvalue()


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_cannot_be_used_is_refused_with_a_sentence(case):
    content, said = FILES[case]

    assert take_in(content() if callable(content) else content)[: len(said)] == said


def test_a_file_with_more_rows_than_allowed_is_refused():
    rows = "".join(f"a{n}@x.example\n" for n in range(4))

    assert take_in(f"Email\n{rows}".encode(), UPLOADED._replace(rows=3)) == (
        "The file has more than 3 rows. Split it, or have it read on the command line."
    )


def test_a_workbook_that_unpacks_to_more_than_allowed_is_refused():
    bomb = with_part("xl/media/x.xml", "0" * 2**20)

    assert len(bomb) < 10_000
    assert take_in(bomb, UPLOADED._replace(unpacked=2**20)).startswith(TOO_LARGE)


DATE = "is no date. Write it as 2026-03-31 or 2026-03-31T14:05:00+02:00."
HAPPENED = [
    *(("purchase", "occurred_at", cell, f"“{cell}” {DATE}") for cell in (
        "31/02/2026", "13/13/2026", "yesterday", "2026-13-01", "2026-02-30", "20260131", "1/2/26", "46027", "12:30",
        "2026-01-01T25:00", "31 Brumaire 2026", "2026-W05-1", "0000-00-00",
    )),
    ("purchase", "occurred_at", "", f"“” {DATE}"),
    ("purchase", "occurred_at", "1899-01-01", "1899-01-01 is too long ago or still to come. Check the year."),
    ("purchase", "occurred_at", "2999-01-01", "2999-01-01 is too long ago or still to come. Check the year."),
    ("purchase", "occurred_at", "02/01/2026", "“02/01/2026” may be 2026-01-02 or 2026-02-01. Say whether"),
    *(("purchase", "amount", cell, f"“{cell}” is no amount.") for cell in (
        "12,34,5", "5 parts", "abc", "1.234", "", "1e5", "NaN", "٣", "#N/A",
    )),
    ("purchase", "amount", "-3", "This is less than nothing."),
    ("purchase", "amount", "9" * 19, "This is too large to be an amount."),
    *(("satisfaction", "score", cell, f"“{cell}” is no score.") for cell in ("11", "-1", "9.5", "ten", "")),
    ("tag_applied", "tag", "", "This is empty."),
    ("milestone", "milestone", "\u202e", UNSEEN),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "column", "cell", "said"), HAPPENED, ids=range(len(HAPPENED)))
def test_a_happening_that_cannot_be_read_is_refused_with_its_place(kind, column, cell, said):
    row = {
        "advocate": "C1",
        "occurred_at": "2026-01-31",
        "amount": "5",
        "score": "9",
        "tag": "x",
        "milestone": "x",
    }
    text = ",".join(row) + "\n" + ",".join(map(quoted, (row | {column: cell}).values())) + "\n"

    with Table(text.encode(), UPLOADED) as table:
        plan = Happenings(kind=kind, currency="EUR", create_advocates=True)
        done = import_events(table, plan, now=NOW)

    assert str(done.errors[0]).startswith(f"Row 2, {column}: {said}")
    assert (Advocate.objects.count(), Event.objects.count()) == (0, 0)


def test_there_are_more_than_a_hundred_kinds():
    assert len(BAD_CELLS) + len(FILES) + len(HAPPENED) > 100
