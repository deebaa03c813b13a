"""Files of people on their way in, and what the outbox knows about those people."""

from collections.abc import Mapping
from datetime import datetime

from referrals.models import Program
from referrals.services import uploads
from referrals.staging import Staging


def work_off(*, now: datetime) -> int:
    """Read or import every file that is due; returns how many."""
    return uploads.work_off(now=now, count=count_suppressed)


def count_suppressed(staging: Staging, program: Program | None) -> Mapping[str, int]:
    """To how many of these people nothing is sent already: about anything, or about this program."""
    about = f"program_id IS NULL OR program_id = {program.pk}" if program else "program_id IS NULL"
    [(count,)] = staging.ask(f"""
        SELECT COUNT(*) FROM import_person s LEFT JOIN referrals_advocate a ON a.id = s.advocate_id
        WHERE COALESCE(NULLIF(s.email_key, ''), a.email_key) IN (
            SELECT key FROM campaigns_suppression WHERE {about}
        )
    """)  # noqa: S608
    return {"suppressed": count} if count else {}
