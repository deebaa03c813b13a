from referrals.admin import api_key, attribution, consent, conversion, follow_up, history, membership, profile

__all__ = ["api_key", "attribution", "consent", "conversion", "follow_up", "history", "membership", "profile"]
