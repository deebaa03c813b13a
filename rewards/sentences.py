"""Rules in words: what a rule will do, as the manager reads it before saving."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from referrals.money import format_money

if TYPE_CHECKING:
    from rewards.models import RewardRule


def rule_sentence(rule: "RewardRule") -> str:
    """One sentence that says when who gets what, how often, after how long, and who decides."""
    return "".join([_start(rule), *_conditions(rule), *_waiting(rule)]) + "."


def _start(rule: "RewardRule") -> str:
    return _("When %(when)s, %(side)s gets %(incentive)s") % {
        "when": rule.get_when_display(),
        "side": rule.get_side_display(),
        "incentive": rule.incentive.name,
    }


def _conditions(rule: "RewardRule") -> Iterator[str]:
    currency = rule.program.currency
    if rule.minimum:
        yield _(", if the sale is %(amount)s or more") % {"amount": format_money(rule.minimum, currency)}
    if rule.nth:
        yield _(", for friend number %(nth)d who buys") % {"nth": rule.nth}
    if rule.tier:
        yield _(", if the advocate is on tier “%(tier)s”") % {"tier": rule.tier}
    if rule.segment:
        yield _(", if the advocate is in “%(segment)s”") % {"segment": rule.segment}
    if rule.kind:
        yield _(", if the advocate is: %(kind)s") % {"kind": rule.get_kind_display()}
    if rule.most and rule.most_days:
        yield _(", at most %(most)d times in %(days)d days") % {"most": rule.most, "days": rule.most_days}
    elif rule.most:
        yield _(", at most %(most)d times") % {"most": rule.most}


def _waiting(rule: "RewardRule") -> Iterator[str]:
    if rule.hold_days:
        yield _(", after %(days)d days") % {"days": rule.hold_days}
    if rule.approval == rule.Approval.ALWAYS:
        yield _(", once somebody approves it")
    if rule.approval == rule.Approval.ABOVE:
        limit = format_money(rule.approve_from, rule.program.currency)
        yield _(", once somebody approves it if it is worth %(limit)s or more") % {"limit": limit}
