"""Finds the facts in a call, and reads each as strictly as a cell of a file."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from jsonpointer import JsonPointer, JsonPointerException

from referrals.cells import LARGEST, read_amount, read_currency, read_id, read_moment, read_score, read_text
from referrals.contacts import clean_email, clean_line, clean_name, clean_phone
from referrals.hooks.meanings import FACTS, LENIENT, NAMES, facts_of
from referrals.models.program import Program
from referrals.namings import country_of, language_of
from referrals.untidy import OF_BUYER, read_buyer

DEEPEST = 20
# Of one amount.
MOST_PARTS = 200
NOWHERE = object()


def read_json(body: bytes) -> Any:
    """The call's body. Raises ValidationError unless it is JSON, and no deeper than anyone needs."""
    try:
        payload = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ValidationError(_("This is not valid JSON. Nothing was done.")) from error
    if _depth(payload) > DEEPEST:
        raise ValidationError(_("Lists and objects stand in one another too deep. Nothing was done."))
    return payload


def find(payload: Any, pointer: str) -> Any:
    """What stands at this JSON pointer (RFC 6901); NOWHERE where there is nothing."""
    try:
        return JsonPointer(pointer).resolve(payload, NOWHERE) if pointer else NOWHERE
    except (JsonPointerException, TypeError):
        return NOWHERE


def find_sum(payload: Any, pointer: str) -> Any:
    """``find()`` of an amount; with ``*`` for every item of a list, such as /transactions/*/amount, their sum."""
    before, star, after = pointer.partition("/*/")
    if not star:
        return find(payload, pointer)
    items = find(payload, before)
    if not isinstance(items, list):
        return NOWHERE
    try:
        return str(sum(Decimal(_cell(find(item, f"/{after}")) or 0) for item in items[:MOST_PARTS]))
    except InvalidOperation:
        return NOWHERE


def pointers_of(payload: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every place of a sample that holds a plain value, as pointer and value."""
    items: Any = ()
    if isinstance(payload, dict):
        items = payload.items()
    elif isinstance(payload, list):
        items = enumerate(payload[:3])
    elif payload is not None and path:
        yield path, payload
    for name, value in items:
        yield from pointers_of(value, f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}")


class Told(NamedTuple):
    """What a call tells, and a sentence for each fact that had to be left out."""

    facts: dict[str, Any]
    left_out: list[str]


def read_facts(
    means: str,
    pointers: Mapping[str, str],
    payload: Any,
    *,
    program: Program,
    minor_units: bool,
    now: datetime,
) -> Told:
    """The facts of a call, each clean. Raises ValidationError with a sentence for each that is missing or wrong,
    except for what is said of a buyer or a new customer: of that, what cannot be read is left out."""
    found = {name: find(payload, pointers.get(name, "")) for name in facts_of(means)}
    if "amount" in found:
        found["amount"] = find_sum(payload, pointers.get("amount", ""))
    cells = {name: _cell(value) for name, value in found.items()}
    facts: dict[str, Any] = {}
    left_out: list[str] = []
    errors: list[str] = []
    currency = program.currency
    if means in LENIENT:
        country = _country(cells.get("country", "")) or program.country
        buyer = read_buyer({name: cells.pop(name, "") for name in OF_BUYER}, country=country)
        left_out = [_said(name, pointers, problem) for name, problem in buyer.left_out.items()]
        facts |= buyer.facts
    if cells.get("currency"):
        currency = _try(lambda: read_currency(cells["currency"]), "currency", pointers, errors) or currency
    read = partial(read_fact, currency=currency, minor_units=minor_units, now=now)
    for name, cell in cells.items():
        if not cell and name in FACTS[means].needed:
            errors.append(_missing(name, pointers))
        elif cell and name == "phone":
            facts[name] = _try(partial(clean_phone, cell, program.country), name, pointers, errors)
        elif cell and name != "currency":
            facts[name] = _try(partial(read, name, cell), name, pointers, errors)
    if errors:
        raise ValidationError(errors)
    return Told(facts | ({"currency": currency} if "amount" in facts else {}), left_out)


def read_fact(name: str, cell: str, *, currency: str, minor_units: bool, now: datetime) -> Any:
    """One fact, clean. Raises ValidationError with a sentence that says what to write."""
    if name == "amount":
        return _minor(cell) if minor_units else read_amount(cell, currency)
    if name == "at":
        return _moment(cell, now)
    return READERS.get(name, partial(read_text, length=120))(cell)


def _language(cell: str) -> str:
    return language_of(cell) or ""


def _country(cell: str) -> str:
    return country_of(cell) or ""


def _minor(cell: str) -> int:
    if not (cell.isascii() and cell.isdecimal()) or int(cell) > LARGEST:
        raise ValidationError(_("“%(cell)s” is no whole number of cents."), params={"cell": cell[:40]})
    return int(cell)


def _moment(cell: str, now: datetime) -> datetime:
    if cell.isascii() and cell.isdecimal() and len(cell) in (10, 13):
        # Seconds or milliseconds since 1970.
        cell = datetime.fromtimestamp(int(cell[:10]), UTC).isoformat()
    return read_moment(cell, ZoneInfo("UTC"), now=now)


def _cell(value: Any) -> str:
    """A plain value as a cell of a file would hold it; nothing for what holds other values."""
    if isinstance(value, bool) or value is None or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()


def _try(read: Any, name: str, pointers: Mapping[str, str], errors: list[str]) -> Any:
    try:
        return read()
    except ValidationError as error:
        errors.append(_said(name, pointers, " ".join(error.messages)))
        return None


def _said(name: str, pointers: Mapping[str, str], problem: str) -> str:
    words = {"name": NAMES[name], "pointer": pointers[name], "problem": problem}
    return _("%(name)s, at %(pointer)s: %(problem)s") % words


def _missing(name: str, pointers: Mapping[str, str]) -> str:
    if name not in pointers:
        return _("Nobody has said where “%(name)s” stands.") % {"name": NAMES[name]}
    return _("There is no “%(name)s” at %(pointer)s.") % {"name": NAMES[name], "pointer": pointers[name]}


def _depth(payload: Any) -> int:
    level, depth = [payload], 0
    while level and depth <= DEEPEST:
        nested = [one for one in level if isinstance(one, dict | list)]
        depth += bool(nested)
        level = [inner for one in nested for inner in (one.values() if isinstance(one, dict) else one)]
    return depth


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number that JSON has")


READERS: dict[str, Callable[[str], Any]] = {
    "language": _language,
    "country": _country,
    "score": read_score,
    "order": read_id,
    "refund": read_id,
    "customer": read_id,
    "email": clean_email,
    "phone": clean_phone,
    "name": clean_name,
    "company": partial(clean_line, length=80),
    "code": partial(clean_line, length=20),
    "tag": partial(read_text, length=60),
}
