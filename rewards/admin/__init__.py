from rewards.admin import budget, incentive, ledger, reward, rule, scheme

__all__ = ["budget", "incentive", "ledger", "reward", "rule", "scheme"]
