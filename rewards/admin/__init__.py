from rewards.admin import budget, incentive, ledger, reward, rule, scheme, tier

__all__ = ["budget", "incentive", "ledger", "reward", "rule", "scheme", "tier"]
