from collections.abc import Iterable
from itertools import islice

from django.db import connection, transaction
from django.utils.translation import gettext as _

from referrals.transitions import Refused
from rewards.models import Incentive

BATCH = 5000
LENGTH = 80


def import_codes(incentive: Incentive, lines: Iterable[str]) -> int:
    """Add a code a line to the pool, all or none; codes that are in it already are passed over.

    The first cell of a CSV line counts; a heading “code” and empty lines are skipped. Returns how many
    codes are new. Raises Refused, with the number of the line, for a code that is too long, contains a
    control character, or stands in the file twice. Memory grows with one short hash a code, no more.
    """
    seen: dict[int, int] = {}
    before = incentive.codes.count()
    with transaction.atomic():
        rows = _codes(lines, seen)
        while batch := list(islice(rows, BATCH)):
            _add(incentive, batch)
        return incentive.codes.count() - before


def _add(incentive: Incentive, codes: list[str]) -> None:
    # A million rows as model instances cost five times the processor time, with the tables locked meanwhile.
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO rewards_couponcode (incentive_id, code) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [(incentive.pk, code) for code in codes],
        )


def _codes(lines: Iterable[str], seen: dict[int, int]) -> Iterable[str]:
    for number, line in enumerate(lines, start=1):
        code = line.lstrip("\ufeff").split(",")[0].split(";")[0].strip().strip('"')
        if not code or (number == 1 and code.lower() == "code"):
            continue
        if len(code) > LENGTH or not code.isprintable():
            raise Refused(
                _(
                    "Line %(line)d is no code: write at most %(length)d printable characters. Nothing was imported."
                )
                % {"line": number, "length": LENGTH}
            )
        first = seen.setdefault(hash(code), number)
        if first != number:
            raise Refused(
                _("Line %(line)d repeats the code of line %(first)d. Nothing was imported.")
                % {"line": number, "first": first}
            )
        yield code
