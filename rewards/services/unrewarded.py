"""Why a friend brought nobody a reward: the rules that did not apply, one by one."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from referrals.models import Event, Referral
from referrals.money import format_money
from rewards.models import Reward, RewardRule
from rewards.models.reward import NOT_COUNTED

Why = tuple[RewardRule, str]


class Friend(NamedTuple):
    """A referral for which nothing was promised to one side, and what each rule for that side says to it."""

    referral: Referral
    side: str
    reasons: list[Why]


def without_reward(referrals: QuerySet[Referral], side: str) -> QuerySet[Referral]:
    """Those for which this side was never promised anything."""
    given = Reward.objects.filter(referral=OuterRef("pk"), side=side)
    return referrals.filter(~Exists(given))


def with_facts(referrals: QuerySet[Referral]) -> QuerySet[Referral]:
    """With all that a rule asks about the advocate."""
    return referrals.select_related("program", "enrolment__advocate", "enrolment__standing__tier")


def explain(friends: Sequence[tuple[Referral, str]]) -> list[Friend]:
    """For each (referral, side): the rules for that side, and why each gave nothing, as far as it can be
    told today. In three queries, however many; referrals come ``with_facts``."""
    if not friends:
        return []
    facts = _Facts([referral for referral, _side in friends])
    return [
        Friend(
            referral,
            side,
            [
                (rule, facts.why(referral, rule))
                for rule in facts.rules
                if (rule.program_id, rule.side) == (referral.program_id, side)
            ],
        )
        for referral, side in friends
    ]


class _Facts:
    """What the rules ask about, fetched once."""

    def __init__(self, referrals: Sequence[Referral]) -> None:
        programs = {referral.program_id for referral in referrals}
        about_friends = RewardRule.objects.filter(program__in=programs, when__in=RewardRule.ABOUT_FRIENDS)
        related = ("program__scheme", "incentive", "tier", "segment")
        self.rules = list(about_friends.select_related(*related).order_by("pk"))
        self.events: dict[tuple[int, str], list[Event]] = defaultdict(list)
        happened = Event.objects.filter(referral__in=referrals, kind__in=RewardRule.ABOUT_FRIENDS)
        for event in happened.order_by("occurred_at", "pk"):
            self.events[event.referral_id or 0, event.kind].append(event)
        self.given = _given({referral.enrolment_id for referral in referrals})

    def why(self, referral: Referral, rule: RewardRule) -> str:
        """The first thing that stood against it, as a sentence."""
        return next(self._obstacles(referral, rule))

    def _obstacles(self, referral: Referral, rule: RewardRule) -> Iterator[str]:
        yield from _of_rule(rule)
        if referral.status in NOT_COUNTED:
            yield _("The friend is “%(status)s”, and brings nobody anything.") % {
                "status": referral.get_status_display()
            }
        events = self.events[referral.pk, rule.when]
        if not events:
            yield _("It has not happened: %(when)s.") % {"when": rule.get_when_display()}
            return
        event = events[-1]
        yield from _of_event(event, rule)
        yield from self._of_advocate(referral, rule)
        yield _("Nothing that is known today speaks against it. Ask a manager to look at this one.")

    def _of_advocate(self, referral: Referral, rule: RewardRule) -> Iterator[str]:
        advocate = referral.enrolment.advocate
        if rule.kind and advocate.kind != rule.kind:
            yield _("It is only for: %(kind)s. The advocate is: %(is)s.") % {
                "kind": rule.get_kind_display(), "is": advocate.get_kind_display(),
            }  # fmt: skip
        tier = getattr(getattr(referral.enrolment, "standing", None), "tier", None)
        if rule.tier_id and (tier is None or tier.pk != rule.tier_id):
            yield _("It is only for tier “%(tier)s”; the advocate is on “%(is)s” today.") % {
                "tier": rule.tier, "is": tier or "–",
            }  # fmt: skip
        if rule.nth:
            yield _("It is only for friend number %(nth)d who buys.") % {"nth": rule.nth}
        given = self.given[rule.pk, referral.enrolment_id]
        if rule.most and given >= rule.most:
            yield _("The limit was reached: %(given)d of at most %(most)d were given to this advocate.") % {
                "given": given, "most": rule.most,
            }  # fmt: skip
        if rule.segment:
            yield _("It is only for people in “%(segment)s”: look whether the advocate was in it.") % {
                "segment": rule.segment,
            }  # fmt: skip


def _given(enrolments: set[int]) -> Counter[tuple[int, int]]:
    """How much of its limit each advocate has had, by (rule, enrolment)."""
    alive = Reward.objects.alive().filter(enrolment__in=enrolments, rule__most__isnull=False)
    rows = alive.values_list("rule", "enrolment").annotate(Count("pk"))
    return Counter({(rule, enrolment): count for rule, enrolment, count in rows})


def _of_rule(rule: RewardRule) -> Iterator[str]:
    scheme = getattr(rule.program, "scheme", None)
    if scheme and not scheme.rewards(rule.side):
        yield _("In this program, %(side)s gets no rewards.") % {"side": rule.get_side_display()}
    if not rule.active or not rule.incentive.active:
        yield _("The rule, or what it gives, is switched off.")


def _of_event(event: Event, rule: RewardRule) -> Iterator[str]:
    starts = max(filter(None, (rule.created_at, rule.starts_at)))
    if event.occurred_at < starts:
        yield _("It happened before the rule began.")
    if rule.ends_at and event.occurred_at >= rule.ends_at:
        yield _("It happened after the rule had ended.")
    if not rule.minimum:
        return
    amount, currency = event.data.get("amount") or 0, event.data.get("currency") or rule.program.currency
    if currency != rule.program.currency or amount < rule.minimum:
        yield _("The sale was %(amount)s; the rule asks for %(least)s.") % {
            "amount": format_money(amount, currency),
            "least": format_money(rule.minimum, rule.program.currency),
        }
