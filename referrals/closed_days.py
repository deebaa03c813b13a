"""The days on which an office stays closed beside its weekends: public holidays, and its own."""

from datetime import date, timedelta
from functools import lru_cache

import holidays
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

LONGEST = timedelta(days=60)


@lru_cache(maxsize=256)
def public_holidays(country: str, region: str, year: int) -> dict[date, str]:
    """The public holidays of a country (IT) and, where they differ, of its region (BY), with their names."""
    try:
        return dict(holidays.country_holidays(country, subdiv=region or None, years=year, language="en_US"))
    except NotImplementedError:
        # A later version may know a place no more; then it has no holidays, and calls go on.
        return {}


def valid_place(country: str, region: str) -> None:
    """Raises ValidationError unless holidays are known for this country and region."""
    known = holidays.list_supported_countries()
    if country not in known:
        raise ValidationError(
            {
                "holiday_country": _(
                    "No holidays are known for this country. Leave it empty and list them below."
                )
            }
        )
    if region and region not in known[country]:
        regions = ", ".join(known[country]) or "–"
        raise ValidationError(
            {"holiday_region": _("Choose from %(regions)s, or leave it empty.") % {"regions": regions}}
        )


@lru_cache(maxsize=256)
def own_days(text: str) -> dict[date, str]:
    """What a manager wrote, one a line: ``2026-12-24 Christmas Eve`` or ``2026-08-03 to 2026-08-14 summer``.

    Raises ValidationError with a sentence that quotes the line it could not read.
    """
    found: dict[date, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        first, last, name = _read(line)
        if not timedelta(0) <= last - first <= LONGEST:
            raise _unread(line)
        found |= {first + timedelta(days=n): name for n in range((last - first).days + 1)}
    return found


def _read(line: str) -> tuple[date, date, str]:
    words = line.split()
    try:
        first = date.fromisoformat(words[0])
        if words[1:2] == ["to"]:
            return first, date.fromisoformat(words[2]), " ".join(words[3:])
        return first, first, " ".join(words[1:])
    except (ValueError, IndexError) as error:
        raise _unread(line) from error


def _unread(line: str) -> ValidationError:
    return ValidationError(
        _("“%(line)s” cannot be read. Write 2026-12-24 Christmas Eve, or 2026-08-03 to 2026-08-14 summer."),
        params={"line": line[:60]},
    )
