from rewards.admin import incentive, ledger, reward, rule

__all__ = ["incentive", "ledger", "reward", "rule"]
