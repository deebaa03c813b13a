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
    tax,
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
    "tax",
    "tier",
]
