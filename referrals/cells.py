"""What stands in a cell of a file: read strictly, or refused with a sentence that says what to write."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.numbers import is_currency
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.contacts import clean_text
from referrals.money import decimals_of, to_minor

EARLIEST = 1900
# Somewhere the next day has begun already.
AHEAD = timedelta(days=1)
LARGEST = 10**15

_AMOUNT = re.compile(r"(-?)(\d+(?:[.,]\d+)?)", re.ASCII)
# A sign or code of the currency before or after, a minus, and digits in groups.
_WITH_CURRENCY = re.compile(
    r"([^\W\d_]{1,3}|[$€£¥₽₹₺₴]|)\s*(-?)\s*([0-9][0-9.,'’\s]*(?<=[0-9]))\s*([^\W\d_]{1,4}\.?|[$€£¥₽₹₺₴]|)"
)
_DOLLARS = {"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "ARS", "CLP", "COP", "TWD"}
SIGNS = {
    "€": {"EUR"}, "£": {"GBP"}, "¥": {"JPY", "CNY"}, "₽": {"RUB"}, "руб": {"RUB"}, "руб.": {"RUB"}, "₹": {"INR"},
    "₺": {"TRY"}, "₴": {"UAH"}, "zł": {"PLN"}, "kč": {"CZK"}, "kr": {"SEK", "NOK", "DKK", "ISK"}, "kr.": {"DKK", "SEK"},
    "$": _DOLLARS, "us": {"USD"}, "fr": {"CHF"}, "fr.": {"CHF"}, "ft": {"HUF"}, "lei": {"RON"}, "euro": {"EUR"},
}  # fmt: skip
_OFFSET = re.compile(r"\s+(?=[+-]\d\d:?\d\d$)|\s+(?:UTC|GMT)$", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = r"(?:[ ,T]+(?P<clock>\d{1,2}:\d\d(?::\d\d)?))?"
# 31/03/2026 or 03/31/2026 · 31.03.2026, whose dots mean that the day comes first · 2026/03/31 · 31 March 2026 ·
# March 31, 2026.
_NUMBERS = re.compile(rf"(\d{{1,2}})([/.-])(\d{{1,2}})\2(\d{{4}}){_CLOCK}", re.ASCII)
_YEAR_FIRST = re.compile(rf"(\d{{4}})[/.](\d{{1,2}})[/.](\d{{1,2}}){_CLOCK}", re.ASCII)
_DAY_NAMED = re.compile(
    rf"(\d{{1,2}})[. -]+([a-z]{{3,9}})\.?[, -]+(\d{{4}}){_CLOCK}", re.ASCII | re.IGNORECASE
)
_MONTH_NAMED = re.compile(rf"([a-z]{{3,9}})\.? +(\d{{1,2}}),? +(\d{{4}}){_CLOCK}", re.ASCII | re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# What a spreadsheet writes where it could not work something out.
_FAULTS = {"#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}


class DateOrder(models.TextChoices):
    """How to read 03/04/2026, which nothing in it says."""

    UNKNOWN = "", gettext_lazy("refuse dates that can be read two ways")
    DAY_FIRST = "day", gettext_lazy("the day comes first: 31/03/2026")
    MONTH_FIRST = "month", gettext_lazy("the month comes first: 03/31/2026")


def read_text(cell: str, length: int) -> str:
    """What stands in a cell, without invisible characters and no longer than this."""
    text = clean_text(cell, length)
    if text in _FAULTS:
        raise ValidationError(
            _("The spreadsheet could not work out this cell (%(fault)s). Correct it, or empty it."),
            params={"fault": text},
        )
    return text


def read_id(cell: str) -> str:
    """A number or name that another system knows something by."""
    text = read_text(cell, 80)
    # Shopify guards numbers, so that spreadsheets keep them whole: '7123456789012.
    if text[:1] == "'" and text[1:].isdecimal():
        text = text[1:]
    if not text:
        raise ValidationError(_("This is empty. Fill it in, or delete the row."))
    if any(space in text for space in "\n\r\t"):
        raise ValidationError(_("This has a line break or tab in the middle. Write it on one line."))
    return text


def read_amount(cell: str, currency: str) -> int:
    """Minor units of an amount as people write it: 1234.50, 1.234,50, € 99, 1'234.50 CHF.

    Of two different signs the last parts the decimals; a sign that comes twice parts thousands; one sign before
    three digits may be either, and is refused unless the currency leaves one reading.
    """
    text = cell.strip()
    match = _AMOUNT.fullmatch(text)
    sign, digits = match.groups() if match else _bare(text, currency)
    if sign:
        raise ValidationError(_("This is less than nothing. Leave refunds out: they are recorded as such."))
    try:
        minor = to_minor(Decimal(_decimal(digits, currency)), currency)
    except (ValueError, ArithmeticError) as error:
        raise _unreadable_amount(cell) from error
    if minor > LARGEST:
        raise ValidationError(_("This is too large to be an amount. Check the column and the decimal point."))
    return minor


def _bare(text: str, currency: str) -> tuple[str, str]:
    """The minus and the digits of an amount, without its currency, which must be this one, and spaces."""
    match = _WITH_CURRENCY.fullmatch(text)
    if match is None:
        raise _unreadable_amount(text)
    before, minus, digits, after = match.groups()
    for mark in filter(None, (before, after)):
        if currency not in SIGNS.get(mark.strip().casefold(), {mark.strip().upper()}):
            raise ValidationError(
                _(
                    "“%(cell)s” is no amount in %(currency)s. Say which column holds the currency, or correct it."
                ),
                params={"cell": text[:40], "currency": currency},
            )
    return minus, re.sub(r"(?<=\d)[\s'’](?=\d{3})", "", digits)


def _decimal(digits: str, currency: str) -> str:
    signs = [c for c in digits if c in ".,"]
    if not signs:
        return digits
    last = signs[-1]
    whole, _sign, rest = digits.rpartition(last)
    if len(set(signs)) == 2:
        other = signs[0]
        if signs.count(last) == 1 and _grouped(whole.split(other)):
            return f"{whole.replace(other, '')}.{rest}"
    elif len(signs) > 1 or (len(rest) == 3 and decimals_of(currency) == 0):
        if _grouped(digits.split(last)):
            return digits.replace(last, "")
    elif len(rest) != 3 or whole.strip("0") == "" or len(whole) > 3:
        return f"{whole}.{rest}"
    raise ValueError(digits)


def _grouped(groups: Sequence[str]) -> bool:
    first, *others = groups
    return 1 <= len(first) <= 3 and all(len(group) == 3 for group in others)


def _unreadable_amount(cell: str) -> ValidationError:
    return ValidationError(
        _("“%(cell)s” is no amount. Write it as 1234.50, so that it can be read in one way only."),
        params={"cell": cell.strip()[:40]},
    )


def read_currency(cell: str) -> str:
    """An ISO 4217 code, in whatever case."""
    code = cell.strip().upper()
    if not is_currency(code):
        raise ValidationError(
            _("“%(cell)s” is no currency. Write its three letters, such as EUR."), params={"cell": cell[:40]}
        )
    return code


def read_score(cell: str) -> int:
    """How satisfied somebody is, from 0 to 10."""
    text = cell.strip().removesuffix(".0")
    if not (text.isascii() and text.isdecimal() and len(text) <= 2 and int(text) <= 10):
        raise ValidationError(
            _("“%(cell)s” is no score. Write a whole number from 0 to 10."), params={"cell": cell[:40]}
        )
    return int(text)


def read_moment(
    cell: str, zone: ZoneInfo, *, now: datetime, dates: DateOrder = DateOrder.UNKNOWN
) -> datetime:
    """A date or date and time as people and systems write them; ``zone`` is where its clock hangs if it does
    not say so. Raises ValidationError for one that may be two days, unless ``dates`` says how to read it."""
    try:
        moment = _parse(cell.strip(), zone, dates)
    except (ValueError, OverflowError) as error:
        raise ValidationError(
            _("“%(cell)s” is no date. Write it as 2026-03-31 or 2026-03-31T14:05:00+02:00."),
            params={"cell": cell.strip()[:40]},
        ) from error
    if moment.year < EARLIEST or moment > now + AHEAD:
        raise ValidationError(
            _("%(date)s is too long ago or still to come. Check the year."),
            params={"date": f"{moment:%Y-%m-%d}"},
        )
    return moment


def _parse(text: str, zone: ZoneInfo, dates: DateOrder) -> datetime:
    if _ISO.match(text):
        if len(text) == len("2026-03-31"):
            return datetime.combine(date.fromisoformat(text), time(), zone)
        # As Shopify writes it: 2026-03-31 14:05:00 +0200.
        zoned = _OFFSET.sub("+00:00" if text.endswith(("UTC", "GMT")) else "", text)
        moment = datetime.fromisoformat(zoned)
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    day, clock = _day_of(text, dates)
    return datetime.combine(day, time.fromisoformat(clock.zfill(5)) if clock else time(), zone)


def _day_of(text: str, dates: DateOrder) -> tuple[date, str | None]:
    """The day, and what the clock showed. Raises ValueError for what is no date."""
    if found := _NUMBERS.fullmatch(text):
        first, sign, second, year, clock = found.groups()
        return _ordered(text, int(first), int(second), int(year), _order(sign, dates)), clock
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day, clock = found.groups()
        return date(int(year), int(month), int(day)), clock
    if found := _DAY_NAMED.fullmatch(text):
        day, name, year, clock = found.groups()
    elif found := _MONTH_NAMED.fullmatch(text):
        name, day, year, clock = found.groups()
    else:
        raise ValueError(text)
    return date(int(year), _MONTHS.index(name[:3].lower()) + 1, int(day)), clock


def _order(sign: str, dates: DateOrder) -> DateOrder:
    return DateOrder.DAY_FIRST if sign == "." else dates


def _ordered(text: str, first: int, second: int, year: int, order: DateOrder) -> date:
    if order == DateOrder.MONTH_FIRST:
        return date(year, first, second)
    if order == DateOrder.DAY_FIRST or first > 12 or first == second:
        return date(year, second, first)
    if second > 12:
        return date(year, first, second)
    raise ValidationError(
        _(
            "“%(cell)s” may be %(one)s or %(other)s. Say whether the day or the month comes first in this column."
        ),
        params={
            "cell": text[:40],
            "one": date(year, second, first).isoformat(),
            "other": date(year, first, second).isoformat(),
        },
    )
