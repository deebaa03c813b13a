from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from referrals.transitions import Moved


def revoke_keys(keys: Any, *, now: datetime, by: Any) -> Moved:
    """Take keys back: from now on whoever shows one of them is a stranger. One that is over stays so."""
    with transaction.atomic():
        rows = list(keys.select_for_update(of=("self",)))
        valid = [row for row in rows if row.revoked_at is None]
        for row in rows:
            row.refusal = "" if row in valid else _("it was taken back before")
        keys.model.objects.filter(pk__in=[row.pk for row in valid]).update(revoked_at=now)
    return Moved(valid, [row for row in rows if row not in valid])
