"""Rows of a file, read as people who may recommend the company."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, NamedTuple
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from referrals.cells import read_id, read_text
from referrals.contacts import clean_email, clean_name, clean_phone, email_key, phone_key
from referrals.models import Advocate, Program
from referrals.namings import country_of, kind_of, language_of
from referrals.roles import called
from referrals.tables import LONGEST_CELL, Row, RowError, Table, is_ragged, ragged
from referrals.wishes import OF_MAIL, WISHES, read_wish

TARGETS = (
    "external_id", "email", "name", "first_name", "last_name", "phone", "company", "kind", "language", "country",
    "timezone", "owner", "tags", *WISHES,
)  # fmt: skip
NAMES = ("first_name", "last_name")
# Columns in which hardly any two cells are alike. In the others a cell that was read is not read again.
UNLIKE = {"external_id", "email"}
# For how many cells of a file, shared out among its columns.
REMEMBERED = 40_000
MOST_TAGS = 40
LONGEST_TAG = 60
# What is left empty, with a warning, where it cannot be read: nobody stays out for it.
LENIENT = {"kind", "language", "country", "timezone", "owner"}
MOST_WARNINGS = 100


@dataclass
class People:
    """How to read a file of people: ``columns`` maps what we know of them to what the file calls it.

    Columns that are named nowhere become further fields, but for those ``left_out``. ``wishes`` maps columns
    that say who wants no mail, or no text messages, to which of it they say. ``country`` reads
    phone numbers without country code; ``program`` is the one in which they are to be enrolled.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    wishes: Mapping[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    program: Program | None = None
    country: str = ""
    # Import the rows that can be read, and leave the others where they are.
    leave_out_faults: bool = False
    # The programs (by key) of whoever imports: people who are in others only are not theirs. None is all.
    programs: frozenset[int] | None = None


class Person(NamedTuple):
    """A row that could be read. What is empty says nothing: it changes nothing."""

    row: int
    external_id: str
    name: str
    email: str
    email_key: str
    phone: str
    phone_key: str
    company: str
    kind: str
    language: str
    timezone: str
    country: str
    owner_id: int | None
    attributes: str | None
    # That they want no mail, or no text messages: when they said so, or “yes”.
    no_mail: str
    no_texts: str
    tags: tuple[str, ...]


class Unread(NamedTuple):
    """Why something about a person is left empty."""

    text: str


class PeopleReader:
    """Turns rows into people; what is wrong with the others collects in ``errors``, and what was left empty of
    those that can be read in ``warnings``, as long as these are few; ``warned`` counts them all."""

    def __init__(self, table: Table, plan: People) -> None:
        self.plan, self.header, self.errors = plan, table.header, list[RowError]()
        self.warnings, self.warned = list[RowError](), 0
        self._home = plan.country or (plan.program.country if plan.program else "")
        self.source = _sources(table.header, plan)
        remembering = partial(_remembering, most=min(1000, REMEMBERED // len(table.header)))
        staff = User.objects.filter(is_staff=True, is_active=True)
        colleagues = called(staff) if "owner" in self.source else {}
        readers = _READERS | {"owner": lambda cell: _colleague(cell, colleagues)}
        place = {name: number for number, name in enumerate(table.header)}
        self._known = [
            (target, place[source], read if target in UNLIKE else remembering(_leniently(target, read)))
            for target, source in self.source.items()
            if (read := readers.get(target))
        ]
        self._name_column = next((self.source[name] for name in NAMES if name in self.source), "")
        self._name = remembering(clean_name)
        self._phone = place.get(self.source.get("phone", ""), -1)
        self.wishes = _wishes(table.header, plan)
        self._wishes = [
            (column, place[column], target in OF_MAIL, remembering(partial(read_wish, target)))
            for column, target in self.wishes.items()
        ]
        taken = {*self.source.values(), *self.wishes, *plan.left_out}
        self._further = [
            (name, number, remembering(_further_reader(name)))
            for name, number in place.items()
            if name not in taken
        ]

    def read(self, row: Row) -> Person | None:
        """The person of this row, or None when something is wrong with it, which is then in ``errors``."""
        if is_ragged(row, self.header):
            self.errors.append(RowError(row.number, _("the whole row"), ragged(row, self.header)))
            return None
        before, told = len(self.errors), self._told(row)
        further = [
            self._try(row, name, read, cell) for name, at, read in self._further if (cell := row.cells[at])
        ]
        no_mail, no_texts = self._unwanted(row) if self._wishes else ("", "")
        if len(self.errors) > before:
            return None
        email = told.get("email", "")
        if not email and not told.get("external_id"):
            self.errors.append(RowError(row.number, _("the whole row"), _nameless()))
            return None
        phone = told.get("phone", "")
        return Person(
            row.number, told.get("external_id", ""), told.get("name", ""), email, email_key(email), phone,
            phone_key(phone), told.get("company", ""), told.get("kind", ""), told.get("language", ""),
            told.get("timezone", ""), told.get("country", ""), told.get("owner"),
            f"{{{', '.join(filled)}}}" if (filled := [*filter(None, further)]) else None, no_mail, no_texts,
            told.get("tags", ()),
        )  # fmt: skip

    def _unwanted(self, row: Row) -> tuple[str, str]:
        """What the row says against mail, and against text messages."""
        found = {True: "", False: ""}
        for column, at, of_mail, read in self._wishes:
            if cell := row.cells[at].strip():
                found[of_mail] = self._try(row, column, read, cell) or found[of_mail]
        return found[True], found[False]

    def _told(self, row: Row) -> dict[str, Any]:
        cells, told = row.cells, {}
        for target, at, read in self._known:
            if cell := cells[at].strip():
                try:
                    value = read(cell)
                except ValidationError as error:
                    self._refuse(row, self.source[target], error)
                    continue
                if type(value) is Unread:
                    self._warn(row, self.source[target], value.text)
                else:
                    told[target] = value
        if parts := [told.pop(name) for name in NAMES if told.get(name)]:
            told["name"] = self._try(row, self._name_column, self._name, " ".join(parts))
        if self._phone >= 0 and (cell := cells[self._phone].strip()):
            told["phone"] = self._read_phone(row, cell, told.get("country") or self._home, told)
        return told

    def _read_phone(self, row: Row, cell: str, country: str, told: Mapping[str, Any]) -> str:
        """The number; where there is an address to write to, one that cannot be read keeps nobody out."""
        try:
            return clean_phone(cell, country)
        except ValidationError as error:
            if told.get("email"):
                self._warn(row, self.source["phone"], " ".join(error.messages))
            else:
                self._refuse(row, self.source["phone"], error)
            return ""

    def _warn(self, row: Row, column: str, text: str) -> None:
        self.warned += 1
        if len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(RowError(row.number, column, text))

    def _try(self, row: Row, column: str, read: Callable[[str], Any], cell: str) -> Any:
        try:
            return read(cell)
        except ValidationError as error:
            self._refuse(row, column, error)
            return None

    def _refuse(self, row: Row, column: str, error: ValidationError) -> None:
        self.errors.append(RowError(row.number, column, " ".join(error.messages)))


def _sources(header: Sequence[str], plan: People) -> dict[str, str]:
    """Which column of the file holds what. A column that bears our own name need not be mapped."""
    if unknown := [target for target in plan.columns if target not in TARGETS]:
        raise ValidationError(
            _("“%(name)s” is nothing that is read. Choose from %(names)s."),
            params={"name": unknown[0], "names": ", ".join(TARGETS)},
        )
    found = _named(header, plan, set(TARGETS) - set(WISHES))
    found |= {target: source for target, source in plan.columns.items() if target not in WISHES}
    for target, source in found.items():
        if source not in header:
            raise ValidationError(
                _("The file has no column “%(source)s” for %(target)s. It has %(header)s."),
                params={"source": source, "target": target, "header": ", ".join(header)},
            )
    if not {"external_id", "email"} & found.keys():
        raise ValidationError(
            _(
                "Say which column holds the e-mail address or the customer number: by these people are found again."
            )
        )
    return found


def _named(header: Sequence[str], plan: People, targets: set[str]) -> dict[str, str]:
    """Columns that bear our own name for what they hold, and of which nothing else was said."""
    said = {*plan.columns.values(), *plan.wishes, *plan.left_out}
    return {name: name for name in TARGETS if name in targets and name in header and name not in said}


def _wishes(header: Sequence[str], plan: People) -> dict[str, str]:
    chosen = {source: target for target, source in plan.columns.items() if target in WISHES}
    found = _named(header, plan, set(WISHES)) | dict(plan.wishes) | chosen
    if missing := next((source for source in found if source not in header), ""):
        raise ValidationError(
            _("The file has no column “%(source)s” for %(target)s. It has %(header)s."),
            params={"source": missing, "target": found[missing], "header": ", ".join(header)},
        )
    return found


def _colleague(cell: str, colleagues: Mapping[str, User]) -> int:
    person = colleagues.get(cell.casefold())
    if person is None:
        raise ValidationError(
            _(
                "No colleague is called “%(cell)s”. Write their user name or e-mail address, or leave this column out."
            ),
            params={"cell": cell[:60]},
        )
    return person.pk


def _leniently(target: str, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """The reader, which answers ``Unread`` instead of refusing, so that this is remembered as well."""

    def attempt(cell: str) -> Any:
        try:
            return read(cell)
        except ValidationError as error:
            return Unread(" ".join(error.messages))

    return attempt if target in LENIENT else read


def _remembering(read: Callable[[str], Any], most: int) -> Callable[[str], Any]:
    return lru_cache(maxsize=most)(read)


def _line(length: int) -> Callable[[str], str]:
    return lambda cell: " ".join(read_text(cell, length).split())


def _further_reader(name: str) -> Callable[[str], str]:
    """What reads a further field as a piece of JSON: its name and what it says; empty if that is nothing."""
    key = json.dumps(name)

    def read(cell: str) -> str:
        text = read_text(cell, LONGEST_CELL)
        return f"{key}: {json.dumps(text)}" if text else ""

    return read


def _read_tags(cell: str) -> tuple[str, ...]:
    words = {
        text.lower(): text for part in cell.replace(";", ",").split(",") if (text := _line(LONGEST_TAG)(part))
    }
    if len(words) > MOST_TAGS:
        raise ValidationError(
            _("These are %(count)d tags; %(limit)d are allowed. Leave out those you do not need."),
            params={"count": len(words), "limit": MOST_TAGS},
        )
    return tuple(words.values())


def _read_kind(cell: str) -> str:
    if (kind := kind_of(cell)) is None:
        raise ValidationError(
            _("“%(cell)s” is no kind of contact. Choose from %(names)s."),
            params={"cell": cell[:40], "names": get_text_list(Advocate.Kind.values, _("or"))},
        )
    return kind


def _read_language(cell: str) -> str:
    if not (code := language_of(cell)):
        raise ValidationError(
            _("“%(cell)s” is no language that we write in. Choose from %(names)s, or leave this column out."),
            params={"cell": cell[:40], "names": get_text_list(list(dict(settings.LANGUAGES)), _("or"))},
        )
    return code


def _read_country(cell: str) -> str:
    if (code := country_of(cell)) is None:
        raise ValidationError(
            _("“%(cell)s” is no country. Write its two letters, such as IT."), params={"cell": cell[:40]}
        )
    return code


def _read_zone(cell: str) -> str:
    zone = cell.replace("_slash_", "/").replace(" ", "_").casefold()
    name = _zones().get(zone)
    if name is None:
        raise ValidationError(
            _("“%(cell)s” is no time zone. Write one such as Europe/Rome, or leave this column out."),
            params={"cell": cell[:40]},
        )
    return name


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}


def _nameless() -> str:
    return _(
        "Neither e-mail address nor customer number: nobody could be found again. Fill one in, or delete the row."
    )


_READERS: dict[str, Callable[[str], Any]] = {
    "external_id": read_id,
    "email": clean_email,
    "name": clean_name,
    "first_name": lambda cell: read_text(cell, 60),
    "last_name": lambda cell: read_text(cell, 60),
    "company": _line(80),
    "kind": _read_kind,
    "language": _read_language,
    "country": _read_country,
    "timezone": _read_zone,
    "tags": _read_tags,
}
