from datetime import datetime

from referrals.models import ImportFile, Limit, Submission


def forget_expired(*, now: datetime) -> int:
    """Delete what was kept for a time only: friends named by somebody who never proved their address,
    uploaded files, and used-up allowances. Returns how many rows went."""
    forgotten, _by_model = Submission.objects.forgotten(now).delete()
    windows, _by_model = Limit.objects.filter(expires_at__lte=now).delete()
    files, _by_model = ImportFile.objects.expired(now).delete()
    return forgotten + windows + files
