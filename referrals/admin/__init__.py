from referrals.admin import api_key, consent, conversion, follow_up, history, membership, profile

__all__ = ["api_key", "consent", "conversion", "follow_up", "history", "membership", "profile"]
