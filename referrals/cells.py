"""What stands in a cell of a file: read strictly, or refused with a sentence that says what to write."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.numbers import is_currency
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from referrals.contacts import clean_text
from referrals.money import to_minor

EARLIEST = 1900
# Somewhere the next day has begun already.
AHEAD = timedelta(days=1)
LARGEST = 10**15

_AMOUNT = re.compile(r"(-?)(\d+(?:[.,]\d+)?)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def read_id(cell: str) -> str:
    """A number or name that another system knows something by."""
    text = clean_text(cell, 80)
    if not text:
        raise ValidationError(_("This is empty. Fill it in, or delete the row."))
    if any(space in text for space in "\n\r\t"):
        raise ValidationError(_("This has a line break or tab in the middle. Write it on one line."))
    return text


def read_amount(cell: str, currency: str) -> int:
    """Minor units of an amount written as 1234.50 or 1234,50."""
    match = _AMOUNT.fullmatch(cell.strip())
    if match is None:
        raise _unreadable_amount(cell)
    sign, digits = match.groups()
    if sign:
        raise ValidationError(_("This is less than nothing. Leave refunds out: they are recorded as such."))
    try:
        minor = to_minor(Decimal(digits.replace(",", ".")), currency)
    except ValueError as error:
        raise _unreadable_amount(cell) from error
    if minor > LARGEST:
        raise ValidationError(_("This is too large to be an amount. Check the column and the decimal point."))
    return minor


def _unreadable_amount(cell: str) -> ValidationError:
    return ValidationError(
        _("“%(cell)s” is no amount. Write it as 1234.50, without currency sign or thousands separator."),
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


def read_moment(cell: str, zone: ZoneInfo, *, now: datetime) -> datetime:
    """A date or date and time in ISO 8601; ``zone`` is where its clock hangs if it does not say so."""
    try:
        moment = _parse(cell.strip(), zone)
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


def _parse(text: str, zone: ZoneInfo) -> datetime:
    if not _DATE.match(text):
        raise ValueError(text)
    if len(text) == len("2026-03-31"):
        return datetime.combine(date.fromisoformat(text), time(), zone)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
