from datetime import datetime

from referrals.models import ApiCall, Limit, Submission
from referrals.models.api_call import KEPT_FOR


def forget_expired(*, now: datetime) -> int:
    """Delete what was kept for a time only: friends named by somebody who never proved their address,
    used-up allowances, and answers kept for those who ask twice. Returns how many rows went."""
    forgotten, _by_model = Submission.objects.forgotten(now).delete()
    windows, _by_model = Limit.objects.filter(expires_at__lte=now).delete()
    answers, _by_model = ApiCall.objects.filter(at__lte=now - KEPT_FOR).delete()
    return forgotten + windows + answers
