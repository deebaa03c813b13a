"""Addresses and numbers from a file to which nothing more is to be sent: all rows or none."""

from collections.abc import Iterator, Sequence
from itertools import islice

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Suppression
from campaigns.services.suppression import suppress_keys
from referrals.contacts import clean_email, clean_phone, email_key, phone_key
from referrals.headings import LEFT_OUT, Guess, guess
from referrals.models import ImportFile
from referrals.roles import programs_granting
from referrals.services.file_kind import (
    MOST_ERRORS,
    FileKind,
    Outcome,
    Work,
    chosen,
    kept_together,
    register,
)
from referrals.tables import Row, RowError, Table, is_ragged, ragged

UNWANTED = "suppressions"
TARGETS = ("email", "phone")
BATCH = 2000
Reason = Suppression.Reason
REASONS = (Reason.UNSUBSCRIBED, Reason.BOUNCED, Reason.COMPLAINED, Reason.BY_HAND)


def guess_addresses(header: Sequence[str]) -> Guess:
    """Columns of addresses and phones; nothing else is read."""
    found = guess(header)
    targets = {name: target if target in TARGETS else LEFT_OUT for name, target in found.targets.items()}
    return Guess(targets, found.source)


def suppress_all(file: ImportFile, table: Table, work: Work) -> Outcome:
    """Put everyone in the table on the list. Raises ValidationError when the table as a whole cannot be used."""
    columns = chosen(file)
    _check(file, table, columns)
    return kept_together(work, lambda: _suppress(file, table, columns, work))


def _suppress(file: ImportFile, table: Table, columns: dict[str, str], work: Work) -> Outcome:
    program_id = file.program_id
    errors: list[RowError] = []
    rows = new = 0
    keys: set[str] = set()
    found = _keys(file, table, columns, errors)
    while len(errors) < MOST_ERRORS and (some := list(islice(found, BATCH))):
        rows += len(some)
        fresh = {key for row in some for key in row} - keys
        keys |= fresh
        known = Suppression.objects.filter(key__in=fresh, program=program_id)
        new += len(fresh) - known.exclude(reason=Reason.DECLINED).count()
    kept = not work.dry_run and not (errors and not file.leave_out_faults)
    if kept:
        _put_on_the_list(keys, program_id, file.why or Reason.UNSUBSCRIBED, work)
    counts = {"rows": rows, "new": new, "unchanged": len(keys) - new}
    return Outcome(kept, counts, errors[:MOST_ERRORS])


def _put_on_the_list(keys: set[str], program_id: int | None, why: str, work: Work) -> None:
    ordered = iter(sorted(keys))
    while some := list(islice(ordered, BATCH)):
        suppress_keys(some, program_id, why, now=work.now)


def _keys(
    file: ImportFile, table: Table, columns: dict[str, str], errors: list[RowError]
) -> Iterator[list[str]]:
    """The keys of each row, none for one that cannot be read: that is in ``errors``."""
    country = file.country or (file.program.country if file.program else "")
    readers = {
        "email": lambda cell: email_key(clean_email(cell)),
        "phone": lambda cell: phone_key(clean_phone(cell, country)),
    }
    places = [(table.header.index(name), name, readers[target]) for target, name in columns.items()]
    for row in table:
        if is_ragged(row, table.header):
            errors.append(RowError(row.number, _("the whole row"), ragged(row, table.header)))
            yield []
            continue
        keys = []
        for at, name, read in places:
            try:
                if cell := row.cells[at].strip():
                    keys.append(read(cell))
            except ValidationError as error:
                errors.append(RowError(row.number, name, " ".join(error.messages)))
        if not keys and not _wrong(errors, row):
            errors.append(RowError(row.number, _("the whole row"), _("Neither address nor phone number.")))
        yield keys


def _wrong(errors: list[RowError], row: Row) -> bool:
    return bool(errors) and errors[-1].row == row.number


def _check(file: ImportFile, table: Table, columns: dict[str, str]) -> None:
    mine = programs_granting(file.uploaded_by, "add", Suppression)
    if not file.uploaded_by.is_superuser and not mine.filter(pk=file.program_id).exists():
        raise ValidationError(_("Say which program this is about."))
    if any("@" in name for name in table.header):
        raise ValidationError(
            _("The first row is an address, not the name of a column. Write “email” in a row above it.")
        )
    if not columns:
        raise ValidationError(_("Say which column holds the e-mail address or the phone number."))


register(
    FileKind(
        UNWANTED, gettext_lazy("addresses that want nothing more from us"), TARGETS, guess_addresses, suppress_all,
        frozenset({"program", "country", "why"}), keeps_others=False, needs_program=True, may_be_of_all=True,
        reasons=[(reason.value, reason.label) for reason in REASONS],
        is_for=lambda user: bool(user.has_perm("campaigns.add_suppression")),
    )
)  # fmt: skip
