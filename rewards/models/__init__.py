from rewards.models.incentive import Incentive
from rewards.models.ledger import Account, LedgerEntry, LedgerTransaction
from rewards.models.reward import Reward
from rewards.models.rule import RewardRule

__all__ = ["Account", "Incentive", "LedgerEntry", "LedgerTransaction", "Reward", "RewardRule"]
