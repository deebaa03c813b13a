from rewards.models.budget import Budget
from rewards.models.charity import Charity
from rewards.models.contest import Contest, ContestAction, ContestEntry, ContestPrize
from rewards.models.coupon import CouponCode
from rewards.models.fulfilment import FulfilmentCall
from rewards.models.incentive import Incentive
from rewards.models.ledger import Account, LedgerEntry, LedgerTransaction
from rewards.models.ledger_check import LedgerCheck
from rewards.models.mystery import MysteryBox, MysteryOutcome
from rewards.models.prize import Prize
from rewards.models.reward import Reward
from rewards.models.rule import RewardRule
from rewards.models.scheme import RewardScheme
from rewards.models.tax import TaxThreshold
from rewards.models.tier import Standing, Tier

__all__ = [
    "Account",
    "Budget",
    "Charity",
    "Contest",
    "ContestAction",
    "ContestEntry",
    "ContestPrize",
    "CouponCode",
    "FulfilmentCall",
    "Incentive",
    "LedgerCheck",
    "LedgerEntry",
    "LedgerTransaction",
    "MysteryBox",
    "MysteryOutcome",
    "Prize",
    "Reward",
    "RewardRule",
    "RewardScheme",
    "Standing",
    "TaxThreshold",
    "Tier",
]
