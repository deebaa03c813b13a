from datetime import datetime

from referrals.models import ApiCall, ImportFile, Limit, Submission
from referrals.models.api_call import KEPT_FOR


def forget_expired(*, now: datetime) -> int:
    """Delete what was kept for a time only: friends named by somebody who never proved their address,
    uploaded files, used-up allowances, and answers kept for those who ask twice. Returns how many rows went."""
    forgotten, _by_model = Submission.objects.forgotten(now).delete()
    windows, _by_model = Limit.objects.filter(expires_at__lte=now).delete()
    answers, _by_model = ApiCall.objects.filter(at__lte=now - KEPT_FOR).delete()
    files, _by_model = ImportFile.objects.expired(now).delete()
    return forgotten + windows + answers + files
