"""What each side gets, in words for whoever reads them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from referrals.models import Advocate, Program
from referrals.money import format_money
from referrals.prepared import prepared
from rewards.models import Incentive, RewardRule

Side, When, Kind = RewardRule.Side, RewardRule.When, Advocate.Kind

FOR_THE_ADVOCATE = {
    When.SUBMITTED: gettext_lazy("when you recommend someone"),
    When.CONTACTED: gettext_lazy("when we have reached your friend"),
    When.QUALIFIED: gettext_lazy("when your friend turns out to be a good fit"),
    When.CONVERSION: gettext_lazy("when your friend becomes a customer"),
    When.SURVEY: gettext_lazy("when you answer our questions"),
    When.REVIEW: gettext_lazy("when you write a review of us"),
    When.FOLLOWED: gettext_lazy("when you follow us"),
    When.SHARED: gettext_lazy("when you share a post of ours"),
    When.ANNIVERSARY: gettext_lazy("for every year you are with us"),
    When.TIER: gettext_lazy("when you reach a new tier"),
}
# What a friend has a part in is told in the friend's words; the rest is about the advocate.
FOR_THE_FRIEND = {
    When.SUBMITTED: gettext_lazy("when you leave your details"),
    When.CONTACTED: gettext_lazy("when we have talked"),
    When.QUALIFIED: gettext_lazy("when we find that we can help you"),
    When.CONVERSION: gettext_lazy("when you become a customer"),
    When.SURVEY: gettext_lazy("when our questions are answered"),
    When.REVIEW: gettext_lazy("when there is a review"),
    When.FOLLOWED: gettext_lazy("when somebody follows us"),
    When.SHARED: gettext_lazy("when a post of ours is shared"),
    When.ANNIVERSARY: gettext_lazy("for every year of recommending"),
    When.TIER: gettext_lazy("when a new tier is reached"),
}
ONLY_FOR = {
    Kind.CUSTOMER: gettext_lazy("for customers"),
    Kind.PAST_CUSTOMER: gettext_lazy("for former customers"),
    Kind.LOST_LEAD: gettext_lazy("for people who once asked us"),
    Kind.LEADER: gettext_lazy("for leaders of our field"),
    Kind.SUPPLIER: gettext_lazy("for suppliers"),
    Kind.PARTNER: gettext_lazy("for partners"),
    Kind.EMPLOYEE: gettext_lazy("for our own people"),
}


class Offer(NamedTuple):
    """What somebody gets, such as “a €40 gift card”, and when; ``odds`` is the page that says what a
    mystery gift may be."""

    what: str
    when: str
    odds: str = ""


# What an offer is made of. Every page of ours has one, and most columns of a rule are not for it.
SAID = (
    "side", "when", "minimum", "nth", "kind", "hold_days", "program",
    "incentive__name", "incentive__kind", "incentive__translations", "tier__name", "tier__translations",
)  # fmt: skip


class Offers(NamedTuple):
    advocate: list[Offer]
    friend: list[Offer]

    @property
    def any(self) -> bool:
        return bool(self.advocate or self.friend)


def offers_of(program: Program, *, read_by: str, now: datetime, kind: str = "") -> Offers:
    """What a program promises each side now, told to the side that reads it. One query.

    ``kind`` is the advocate's, where one is known: what only others get is left out.
    """
    sides: dict[str, list[Offer]] = defaultdict(list)
    for rule in _promising(program.pk, now):
        rule.program = program
        if not kind or rule.kind in {"", kind}:
            sides[rule.side].append(Offer(rule.incentive.told.name, _when(rule, read_by, kind), _odds(rule)))
    return Offers(sides[Side.ADVOCATE], sides[Side.FRIEND])


@prepared
def _promising(program: int, now: datetime) -> QuerySet[RewardRule]:
    # What only some get is no promise to whoever reads it.
    rules = RewardRule.objects.in_force(now).filter(program=program, segment=None)
    return rules.select_related("incentive", "tier").only(*SAID).order_by("pk")


def odds_path(program: Program, incentive: Incentive) -> str:
    """The public page with the chances of a mystery gift; empty for what is no gift of that kind."""
    if incentive.kind != Incentive.Kind.MYSTERY:
        return ""
    return reverse("mystery", args=[program.slug, incentive.pk])


def _odds(rule: RewardRule) -> str:
    return odds_path(rule.program, rule.incentive)


def _when(rule: RewardRule, read_by: str, kind: str) -> str:
    words: Mapping[RewardRule.When, object] = FOR_THE_FRIEND if read_by == Side.FRIEND else FOR_THE_ADVOCATE
    return ", ".join([str(words[When(rule.when)]), *_conditions(rule, kind)])


def _conditions(rule: RewardRule, kind: str) -> Iterator[str]:
    if rule.minimum:
        least = format_money(rule.minimum, rule.program.currency)
        yield _("with an order of %(amount)s or more") % {"amount": least}
    if rule.nth:
        yield _("for friend number %(nth)d who becomes one") % {"nth": rule.nth}
    if rule.tier:
        yield _("on tier “%(tier)s”") % {"tier": rule.tier.told.name}
    if rule.kind and not kind:
        yield str(ONLY_FOR[Kind(rule.kind)])
    if rule.hold_days:
        yield ngettext("%(count)d day later", "%(count)d days later", rule.hold_days) % {
            "count": rule.hold_days
        }
