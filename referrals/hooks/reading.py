"""Finds the facts in a call, and reads each as strictly as a cell of a file."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from referrals.cells import LARGEST, read_amount, read_currency, read_id, read_moment, read_score, read_text
from referrals.contacts import clean_email, clean_line, clean_name, clean_phone
from referrals.hooks.meanings import FACTS, LENIENT, NAMES, facts_of
from referrals.hooks.pointers import cell_of, find, find_every, find_sum, place_of
from referrals.models.program import Program
from referrals.money import decimals_of
from referrals.namings import country_of, language_of
from referrals.untidy import OF_BUYER, read_buyer

DEEPEST = 20


def read_json(body: bytes) -> Any:
    """The call's body. Raises ValidationError unless it is JSON, and no deeper than anyone needs."""
    try:
        payload = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ValidationError(_("This is not valid JSON. Nothing was done.")) from error
    if _depth(payload) > DEEPEST:
        raise ValidationError(_("Lists and objects stand in one another too deep. Nothing was done."))
    return payload


AMOUNTS = {"amount", "refunded"}
_DECIMAL = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


class Money(NamedTuple):
    """How a call writes amounts: in which currency, in its smallest unit or not, and whether that is a hundredth
    where the currency has none."""

    currency: str
    minor_units: bool
    in_hundredths: bool


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
    hundredths: Collection[str] = (),
) -> Told:
    """The facts of a call, each clean. Raises ValidationError with a sentence for each that is missing or wrong,
    except for what is said of a buyer or a new customer: of that, what cannot be read is left out.

    ``hundredths`` are currencies without cents whose amounts come in cents all the same.
    """
    cells = {name: _cell(payload, name, pointers.get(name, "")) for name in facts_of(means)}
    if "code" in cells:
        cells["code"] = _code(find_every(payload, pointers.get("code", "")), program)
    pointers = {name: place_of(payload, places) for name, places in pointers.items()}
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
    money = Money(currency, minor_units, minor_units and currency in hundredths)
    for name, cell in cells.items():
        if not cell and name in FACTS[means].needed:
            errors.append(_missing(name, pointers))
        elif cell and name == "phone":
            facts[name] = _try(partial(clean_phone, cell, program.country), name, pointers, errors)
        elif cell and name in AMOUNTS:
            facts[name] = _try(partial(_amount, cell, money), name, pointers, errors)
        elif cell and name != "currency":
            facts[name] = _try(partial(read_fact, name, cell, now=now), name, pointers, errors)
    if errors:
        raise ValidationError(errors)
    return Told(facts | ({"currency": currency} if AMOUNTS & facts.keys() else {}), left_out)


def read_fact(name: str, cell: str, *, now: datetime) -> Any:
    """One fact that is no amount, clean. Raises ValidationError with a sentence that says what to write."""
    if name == "at":
        return _moment(cell, now)
    return READERS.get(name, partial(read_text, length=120))(cell)


def _language(cell: str) -> str:
    return language_of(cell) or ""


def _country(cell: str) -> str:
    return country_of(cell) or ""


def _cell(payload: Any, name: str, places: str) -> str:
    if name == "refunded":
        # Some write what went back with a minus.
        return cell_of(find_sum(payload, places)).removeprefix("-")
    cell = cell_of(find_sum(payload, places) if name == "amount" else find(payload, places))
    # Shops write 0 for a guest.
    return "" if name == "customer" and cell == "0" else cell


def _code(told: list[str], program: Program) -> str:
    """Of several, such as one for the postage beside that of a friend, the first that is somebody's."""
    if len(told) < 2:
        return "".join(told)
    ours = set(
        program.enrolments.filter(code__in=[one.upper() for one in told]).values_list("code", flat=True)
    )
    return next((one for one in told if one.upper() in ours), told[0])


def _amount(cell: str, money: Money) -> int:
    if money.minor_units:
        return _minor(cell, money)
    if _DECIMAL.fullmatch(cell) and len(cell) <= 20:
        # No person wrote this: the point is one.
        cell = _as_written(cell, money.currency)
    return read_amount(cell, money.currency)


def _as_written(cell: str, currency: str) -> str:
    """With the decimals of its currency, which can be read one way only."""
    whole, _point, rest = cell.partition(".")
    decimals = decimals_of(currency)
    rest = rest.rstrip("0").ljust(decimals, "0")
    return f"{whole}.{rest}" if rest else whole


def _minor(cell: str, money: Money) -> int:
    if not (cell.isascii() and cell.isdecimal()) or len(cell) > 20 or int(cell) > LARGEST:
        raise ValidationError(_("“%(cell)s” is no whole number of cents."), params={"cell": cell[:40]})
    if not money.in_hundredths:
        return int(cell)
    whole, rest = divmod(int(cell), 100)
    if rest:
        raise ValidationError(
            _("“%(cell)s” is no amount in %(currency)s, which has no cents."),
            params={"cell": cell[:40], "currency": money.currency},
        )
    return whole


def _moment(cell: str, now: datetime) -> datetime:
    if cell.isascii() and cell.isdecimal() and len(cell) in (10, 13):
        # Seconds or milliseconds since 1970.
        cell = datetime.fromtimestamp(int(cell[:10]), UTC).isoformat()
    return read_moment(cell, ZoneInfo("UTC"), now=now)


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
