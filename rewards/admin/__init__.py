from rewards.admin import incentive, ledger, reward, rule, scheme

__all__ = ["incentive", "ledger", "reward", "rule", "scheme"]
