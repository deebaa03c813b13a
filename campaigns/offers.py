"""What each side gets, in words for whoever reads them."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from referrals.models import Program
from referrals.money import format_money
from rewards.models import RewardRule

Side, When = RewardRule.Side, RewardRule.When

FOR_THE_ADVOCATE = {
    When.SUBMITTED: gettext_lazy("when you recommend someone"),
    When.QUALIFIED: gettext_lazy("when your friend turns out to be a good fit"),
    When.CONVERSION: gettext_lazy("when your friend becomes a customer"),
}
FOR_THE_FRIEND = {
    When.SUBMITTED: gettext_lazy("when you leave your details"),
    When.QUALIFIED: gettext_lazy("when we find that we can help you"),
    When.CONVERSION: gettext_lazy("when you become a customer"),
}


class Offer(NamedTuple):
    """What somebody gets, such as “a €40 gift card”, and when."""

    what: str
    when: str


class Offers(NamedTuple):
    advocate: list[Offer]
    friend: list[Offer]

    @property
    def any(self) -> bool:
        return bool(self.advocate or self.friend)


def offers_of(program: Program, *, read_by: str, now: datetime) -> Offers:
    """What a program promises each side now, told to the side that reads it. One query."""
    rules = RewardRule.objects.in_force(now).filter(program=program).select_related("incentive")
    words = FOR_THE_FRIEND if read_by == Side.FRIEND else FOR_THE_ADVOCATE
    sides: dict[str, list[Offer]] = defaultdict(list)
    for rule in rules.order_by("pk"):
        rule.program = program
        sides[rule.side].append(Offer(rule.incentive.name, _when(rule, words)))
    return Offers(sides[Side.ADVOCATE], sides[Side.FRIEND])


def _when(rule: RewardRule, words: Mapping[RewardRule.When, object]) -> str:
    parts = [str(words[RewardRule.When(rule.when)])]
    if rule.minimum:
        parts.append(
            _("with an order of %(amount)s or more")
            % {"amount": format_money(rule.minimum, rule.program.currency)}
        )
    if rule.hold_days:
        parts.append(
            ngettext("%(count)d day later", "%(count)d days later", rule.hold_days)
            % {"count": rule.hold_days}
        )
    return ", ".join(parts)
