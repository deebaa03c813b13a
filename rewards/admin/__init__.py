from rewards.admin import (
    budget,
    charity,
    coupon,
    incentive,
    ledger,
    mystery,
    prize,
    reward,
    rule,
    scheme,
    tier,
)

__all__ = [
    "budget",
    "charity",
    "coupon",
    "incentive",
    "ledger",
    "mystery",
    "prize",
    "reward",
    "rule",
    "scheme",
    "tier",
]
