from referrals.admin import consent, conversion, follow_up, history, membership, profile

__all__ = ["consent", "conversion", "follow_up", "history", "membership", "profile"]
