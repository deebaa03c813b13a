from rewards.admin import budget, coupon, incentive, ledger, mystery, reward, rule, scheme, tier

__all__ = ["budget", "coupon", "incentive", "ledger", "mystery", "reward", "rule", "scheme", "tier"]
