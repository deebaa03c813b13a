from datetime import datetime, timedelta

from referrals.models import ApiCall, ImportFile, Limit, Mention, Submission
from referrals.models.api_call import KEPT_FOR

# What became of them stands with the referral; of whom nobody of ours told, nothing stays.
MENTION_KEPT_FOR = timedelta(days=30)


def forget_expired(*, now: datetime) -> int:
    """Delete what was kept for a time only: friends named by somebody who never proved their address,
    uploaded files, allowances that are whole again, friends without advocate once settled, and answers kept for
    those who ask twice. Returns how many rows went."""
    forgotten, _by_model = Submission.objects.forgotten(now).delete()
    buckets, _by_model = Limit.objects.full(now).delete()
    answers, _by_model = ApiCall.objects.filter(at__lte=now - KEPT_FOR).delete()
    mentions, _by_model = Mention.objects.filter(settled_at__lte=now - MENTION_KEPT_FOR).delete()
    files, _by_model = ImportFile.objects.expired(now).delete()
    return forgotten + buckets + answers + files + mentions
