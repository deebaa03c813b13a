"""What a file of people means for those who are here already: whom each row is about, what is wrong with
it, what it changes, and the change itself. Statements over the tables of ``staging.py``, each for all rows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from referrals.models import Advocate, Tag
from referrals.staging import Staging
from referrals.tables import RowError

# Columns that a file may change. What is empty in the file changes nothing.
TEXTS = ("external_id", "name", "email", "phone", "company", "kind", "language", "timezone", "country")
HASHES = {"email": "email_key", "phone": "phone_key"}
# The column that says that somebody wants nothing by this way, and the key of where it would arrive.
UNWANTED = {"email": ("no_mail", "email_key"), "sms": ("no_texts", "phone_key")}


def find_people(staging: Staging) -> None:
    """Say for each row whom it is about: by customer number, else by address. Who is new stays unsaid."""
    for key in ("external_id", "email_key"):
        staging.run(f"""
            UPDATE import_person SET advocate_id = a.id FROM referrals_advocate a
            WHERE import_person.advocate_id IS NULL AND import_person.{key} <> ''
              AND a.{key} = import_person.{key} AND a.{key} <> ''
        """)  # noqa: S608


def find_faults(staging: Staging, columns: dict[str, str], limit: int) -> list[RowError]:
    """Rows about somebody whom another row is about, and addresses that belong to somebody else.

    ``columns`` is what the file calls what it holds.
    """
    whole = _("the whole row")
    number, email = columns.get("external_id", whole), columns.get("email", whole)
    twice = _("Row %(first)d is about the same person. Keep one of them.")
    taken = _(
        "This address belongs to somebody else here, with customer number “%(number)s”. Correct one of the two."
    )
    nameless = _("This address belongs to somebody else here. Correct it, or bring the two together first.")
    found = [
        *_twice(staging, "external_id", number, twice, limit),
        *_twice(staging, "email_key", email, twice, limit),
        *_twice(staging, "advocate_id", whole, twice, limit),
    ]
    owners = staging.ask(f"""
        SELECT s.row, a.external_id FROM import_person s
        JOIN referrals_advocate a ON a.email_key = s.email_key AND a.email_key <> ''
        WHERE s.email_key <> '' AND (
            a.id <> s.advocate_id OR (s.external_id <> '' AND a.external_id <> '' AND s.external_id <> a.external_id)
        ) ORDER BY s.row LIMIT {limit}
    """)  # noqa: S608
    found += [RowError(row, email, taken % {"number": other} if other else nameless) for row, other in owners]
    return sorted({error.row: error for error in reversed(found)}.values())


def find_strangers(staging: Staging, programs: frozenset[int], limit: int) -> list[RowError]:
    """Rows about people who are in other programs than these, and in none of these."""
    mine = ", ".join(str(int(pk)) for pk in programs) or "0"
    enrolled = "SELECT 1 FROM referrals_enrolment e WHERE e.advocate_id = import_person.advocate_id"
    rows = staging.ask(f"""
        SELECT row FROM import_person WHERE EXISTS ({enrolled}) AND NOT EXISTS ({enrolled} AND e.program_id IN ({mine}))
        ORDER BY row LIMIT {limit}
    """)  # noqa: S608
    text = _(
        "This person is in a program that you do not work on. Leave the row out, or ask a colleague who does."
    )
    return [RowError(row, _("the whole row"), text) for (row,) in rows]


def _twice(staging: Staging, key: str, column: str, words: str, limit: int) -> list[RowError]:
    # Nobody has the number 0, and an empty text is no key.
    nothing = "0" if key == "advocate_id" else "''"
    rows = staging.ask(f"""
        SELECT row, earliest FROM (
            SELECT row, MIN(row) OVER (PARTITION BY {key}) AS earliest FROM import_person WHERE {key} <> {nothing}
        ) AS seen WHERE row <> earliest ORDER BY row LIMIT {limit}
    """)  # noqa: S608
    return [RowError(row, column, words % {"first": first}) for row, first in rows]


def leave_out(staging: Staging, faults: list[RowError]) -> None:
    for start in range(0, len(faults), 500):
        rows = ", ".join(str(int(fault.row)) for fault in faults[start : start + 500])
        for table in ("import_person", "import_tag"):
            staging.run(f"DELETE FROM {table} WHERE row IN ({rows})")  # noqa: S608


def find_changes(staging: Staging) -> None:
    """Write down what each row changes on somebody who is here already, a field at a time."""
    if not _find_touched(staging):
        return
    both = """
        import_person s JOIN import_touched t ON t.row = s.row JOIN referrals_advocate a ON a.id = s.advocate_id
    """
    for name in TEXTS:
        staging.run(f"""
            INSERT INTO import_change SELECT s.row, s.advocate_id, '{name}', a.{name}, s.{name}
            FROM {both} WHERE s.{name} <> '' AND s.{name} <> a.{name}
        """)  # noqa: S608
    staging.run(f"""
        INSERT INTO import_change
        SELECT s.row, s.advocate_id, 'owner', COALESCE(b.username, ''), u.username
        FROM {both} JOIN auth_user u ON u.id = s.owner_id LEFT JOIN auth_user b ON b.id = a.owner_id
        WHERE a.owner_id IS NULL OR a.owner_id <> s.owner_id
    """)  # noqa: S608
    pairs = "jsonb_each_text" if connection.vendor == "postgresql" else "json_each"
    staging.run(f"""
        INSERT INTO import_change SELECT row, advocate_id, name, COALESCE(before, ''), after FROM (
            SELECT s.row, s.advocate_id, f.key AS name, CAST(f.value AS text) AS after,
                (SELECT CAST(o.value AS text) FROM {pairs}(a.attributes) o WHERE o.key = f.key) AS before
            FROM {both}, {pairs}(s.attributes) f
            WHERE s.attributes IS NOT NULL
        ) AS told WHERE before IS NULL OR before <> after
    """)  # noqa: S608


def _find_touched(staging: Staging) -> int:
    """Say which rows may change anything, and how many: mostly few, and only they are compared field by field."""
    texts = " OR ".join(f"(s.{name} <> '' AND s.{name} <> a.{name})" for name in TEXTS)
    others = (
        "NOT a.attributes @> s.attributes"
        if connection.vendor == "postgresql"
        else "json_patch(a.attributes, s.attributes) <> json(a.attributes)"
    )
    count = staging.run(f"""
        INSERT INTO import_touched SELECT s.row FROM import_person s JOIN referrals_advocate a ON a.id = s.advocate_id
        WHERE {texts} OR s.owner_id <> COALESCE(a.owner_id, 0) OR {others}
    """)  # noqa: S608
    staging.ready("import_touched")
    return count


def find_new_tags(staging: Staging) -> None:
    """Forget the tags that people bear already."""
    known = Tag.objects.called([small for (small,) in staging.ask("SELECT DISTINCT small FROM import_tag")])
    staging.fill("import_known_tag", ("small", "tag_id"), [(small, tag.pk) for small, tag in known.items()])
    find_tagged(staging)
    staging.run("""
        UPDATE import_tag SET tag_id = k.tag_id FROM import_known_tag k
        WHERE k.small = import_tag.small AND import_tag.advocate_id IS NOT NULL
    """)
    staging.run("""
        DELETE FROM import_tag WHERE EXISTS (
            SELECT 1 FROM referrals_tagging g
            WHERE g.advocate_id = import_tag.advocate_id AND g.tag_id = import_tag.tag_id
        )
    """)


def find_tagged(staging: Staging) -> None:
    """Say for each tag on whom it is to be put, if they are here."""
    staging.run("""
        UPDATE import_tag SET advocate_id = s.advocate_id FROM import_person s
        WHERE s.row = import_tag.row AND import_tag.advocate_id IS NULL AND s.advocate_id IS NOT NULL
    """)


def count_refusals(staging: Staging) -> tuple[int, int, int]:
    """How many rows want no mail, how many no text messages, and how much of that was not known before."""
    [(mail, texts)] = staging.ask("""
        SELECT COUNT(NULLIF(no_mail, '')), COUNT(NULLIF(no_texts, '')) FROM import_person
    """)
    news = [
        staging.ask(f"SELECT COUNT(*) FROM ({_refusals(way, 'LEFT JOIN')}) AS news")[0][0]  # noqa: S608
        for way in UNWANTED
    ]
    return mail, texts, sum(news)


def find_refusals(staging: Staging, way: str, size: int) -> Iterable[list[tuple[Any, ...]]]:
    """Whoever wants nothing by this way – key, and the ``dedup_key`` of their saying so – in portions."""
    return staging.stream(_refusals(way, "JOIN"), size)


def _refusals(way: str, join: str) -> str:
    said, key = UNWANTED[way]
    return f"""
        SELECT told.advocate_id, told.saying FROM (
            SELECT s.advocate_id, '{said}:' || COALESCE(NULLIF(s.{key}, ''), a.{key}) || ':' || s.{said} AS saying
            FROM import_person s {join} referrals_advocate a ON a.id = s.advocate_id
            WHERE s.{said} <> '' AND COALESCE(NULLIF(s.{key}, ''), a.{key}, '') <> ''
        ) AS told WHERE NOT EXISTS (SELECT 1 FROM referrals_event e WHERE e.dedup_key = told.saying)
    """  # noqa: S608


def change_people(staging: Staging) -> None:
    texts = [
        f"{name} = COALESCE(NULLIF(s.{name}, ''), referrals_advocate.{name})"
        for name in (*TEXTS, *HASHES.values())
    ]
    merged = (
        "referrals_advocate.attributes || COALESCE(s.attributes, '{}')"
        if connection.vendor == "postgresql"
        else "json_patch(referrals_advocate.attributes, COALESCE(s.attributes, '{}'))"
    )
    staging.run(f"""
        UPDATE referrals_advocate SET {", ".join(texts)},
            owner_id = COALESCE(s.owner_id, referrals_advocate.owner_id), attributes = {merged}
        FROM import_person s
        WHERE referrals_advocate.id = s.advocate_id AND s.row IN (SELECT row FROM import_change)
    """)  # noqa: S608


def add_people(staging: Staging, *, now: datetime) -> None:
    """Store those who are new; whatever else is known of people begins as it does for anybody."""
    told: dict[str, str] = {name: name for name in (*TEXTS, *HASHES.values(), "owner_id")}
    told["kind"] = f"COALESCE(NULLIF(kind, ''), '{Advocate.Kind.CUSTOMER.value}')"
    told["attributes"] = "COALESCE(attributes, '{}')"
    others = [f for f in Advocate._meta.concrete_fields if f.column not in told and not f.primary_key]
    values: list[Any] = [
        now if f.name == "created_at" else f.get_db_prep_save(f.get_default(), connection) for f in others
    ]
    columns = ", ".join([*told, *(str(f.column) for f in others)])
    staging.run(
        f"""
        INSERT INTO referrals_advocate ({columns}) SELECT {", ".join(told.values())}, {", ".join(["%s"] * len(others))}
        FROM import_person WHERE advocate_id IS NULL ORDER BY row
        """,  # noqa: S608
        values,
    )
