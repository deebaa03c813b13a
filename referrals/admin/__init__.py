from referrals.admin import api_key, consent, conversion, follow_up, history, membership, profile, webhook

__all__ = ["api_key", "consent", "conversion", "follow_up", "history", "membership", "profile", "webhook"]
