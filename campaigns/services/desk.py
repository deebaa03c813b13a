"""The first page of the back office: what needs this person today, and how it goes."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import Count, Exists, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import Message, OutreachPlan
from campaigns.services.setting_up import Task, before_asking, tasks_of
from campaigns.services.shortages import running_out, tight_budgets
from referrals.models import (
    Attribution,
    Candidate,
    Claim,
    Enrolment,
    Event,
    FollowUp,
    IdealCustomerProfile,
    Membership,
    Mention,
    Program,
    Referral,
)
from referrals.roles import grants, programs_granting, roles_of
from rewards.models import (
    Budget,
    Contest,
    FulfilmentCall,
    Incentive,
    LedgerCheck,
    LedgerTransaction,
    Reward,
    RewardRule,
)
from rewards.services.budget import ending_budgets

WEEK = timedelta(days=7)
FUNNEL_DAYS = 90
MOST_PLANS = 20
Status = Referral.Status
# A friend who is here now has passed what stands before it.
STAGES = (
    ("named", tuple(Status.values)),
    ("contacted", (Status.CONTACTED, Status.QUALIFIED, Status.CONVERTED)),
    ("qualified", (Status.QUALIFIED, Status.CONVERTED)),
    ("customers", (Status.CONVERTED,)),
)
WEEKLY = {
    "named": Event.Kind.REFERRAL_SUBMITTED,
    "contacted": Event.Kind.REFERRAL_CONTACTED,
    "qualified": Event.Kind.REFERRAL_QUALIFIED,
    "customers": Event.Kind.REFERRAL_CONVERTED,
}


class Need(NamedTuple):
    """Something that waits for a person: how many, in words, and where."""

    number: int | None
    words: str
    url: str
    tone: str


class Stage(NamedTuple):
    """One step of the way to a customer: in the last 7 days, in the 7 before, and in the funnel."""

    label: str
    this_week: int
    last_week: int
    reached: int
    share: int


class Asking(NamedTuple):
    """A plan that asks people now, and where this person may stop it."""

    name: str
    url: str
    stop_url: str


class Desk(NamedTuple):
    needs: list[Need]
    asking: list[Asking]
    stages: list[Stage]
    tasks: list[Task]
    # What a live program still needs before it asks by itself.
    before_asking: list[Task]


def look(user: Any, *, now: datetime) -> Desk:
    """The desk of this person, in thirteen queries however much data there is."""
    programs = list(_programs(user))
    review, reached = _referrals(user, programs, now)
    counted = _count(user, _waiting(user, now))
    needs = [
        *_books(user),
        *_supply(user, counted, now),
        *_rewards(user, counted, now),
        *_calls(user, programs, now),
        Need(review, _reviews(review), reverse("admin:review"), "bad"),
        *_claims(counted),
        *_mentions(counted),
        *_messages(counted),
        *_by_hand(counted),
    ]
    closed = [_not_live(program) for program in programs if program.status in ("draft", "paused")]
    live = next((program for program in programs if program.is_live), None)
    return Desk(
        [need for need in needs if need.number] + closed,
        _asking(user),
        _stages(user, reached, now),
        [] if live else tasks_of(programs[0] if programs else None),
        before_asking(live) if live and _may_plan(user, live) else [],
    )


def _may_plan(user: Any, program: Program) -> bool:
    role = roles_of(user).get(program.pk, "")
    return user.is_superuser or (bool(role) and grants(role, "add", OutreachPlan))


def _programs(user: Any) -> Any:
    def has(rows: Any) -> Exists:
        return Exists(rows.filter(program=OuterRef("pk")))

    return Program.objects.for_staff(user).annotate(
        has_profile=has(IdealCustomerProfile.objects),
        has_rule=has(RewardRule.objects),
        has_members=has(Membership.objects),
        has_people=has(Enrolment.objects),
        has_candidates=has(Candidate.objects),
        has_plan=has(OutreachPlan.objects.exclude(status=OutreachPlan.Status.DRAFT)),
    ).order_by("-status", "pk")  # fmt: skip


def _waiting(user: Any, now: datetime) -> dict[str, Any]:
    """What waits for this person, who may do something about it, by name: rows of which only the number is asked."""

    def may_decide(model: Any) -> Any:
        return programs_granting(user, "change", model)

    mine = Message.objects.for_staff(user)
    to_mend = mine if user.is_superuser else mine.filter(program__in=may_decide(Message))
    by_hand = mine.filter(status=Message.Status.BY_HAND)
    handed_over = FulfilmentCall.objects.filter(
        reward__program__in=programs_granting(user, "change", FulfilmentCall)
    )
    contests = Contest.objects.filter(program__in=programs_granting(user, "change", Contest))
    late = by_hand.filter(program__in=programs_granting(user, "change", OutreachPlan), due_at__lt=now - WEEK)
    return {
        "claims": Claim.objects.open().filter(program__in=may_decide(Claim)),
        "disputed": Attribution.objects.filter(
            program__in=may_decide(Attribution), standing=Attribution.Standing.DISPUTED
        ),
        "mentions": Mention.objects.open().filter(program__in=may_decide(Mention)),
        "failed": to_mend.filter(status=Message.Status.FAILED),
        "unknown": to_mend.filter(status=Message.Status.UNKNOWN),
        "undelivered": to_mend.owed_undelivered(),
        "to_send": by_hand.filter(user=user),
        # What colleagues have not sent for a week.
        "unsent": late.exclude(user=user),
        "not_handed_out": handed_over.needing_attention(),
        "to_draw": contests.to_draw(now),
    }


def _count(user: Any, waiting: dict[str, Any]) -> dict[str, int]:
    """How many of each, in one query."""
    numbers = {
        name: Coalesce(Subquery(rows.order_by().values(all=Value(1)).annotate(n=Count("pk")).values("n")), 0)
        for name, rows in waiting.items()
    }
    found: Any = User.objects.filter(pk=user.pk).values(**numbers).get()
    return dict(found)


def _books(user: Any) -> list[Need]:
    """What the newest check of the ledger found; nothing is recomputed here."""
    if not programs_granting(user, "view", LedgerTransaction).exists():
        return []
    check = LedgerCheck.objects.newest()
    count = check.count if check else 0
    words = ngettext("thing in the ledger does not add up", "things in the ledger do not add up", count)
    return [_need("bad", count, words, "rewards_ledgertransaction", "")]


def _supply(user: Any, counted: dict[str, int], now: datetime) -> list[Need]:
    """Pools, stock and budgets that run out, and hand-overs to other systems that failed."""
    short = running_out(programs_granting(user, "change", Incentive), now=now)
    budgets = programs_granting(user, "change", Budget)
    tight = [drain.budget.pk for drain in tight_budgets(budgets, now=now)]
    ending = ending_budgets(budgets, now=now)
    failed = counted["not_handed_out"]
    over = "bad" if any(not end.days_left for end in ending) else "warn"
    empty = "bad" if any(supply.left == 0 for supply in short) else "warn"
    return [
        _need(empty, len(short), ngettext("stock or pool of codes running out", "stocks or pools of codes running out",
              len(short)), "rewards_incentive", _these(supply.incentive.pk for supply in short)),
        _need("warn", len(tight), ngettext("budget almost spent", "budgets almost spent", len(tight)),
              "rewards_budget", _these(tight)),
        _need(over, len(ending), ngettext("budget ends and none follows", "budgets end and none follows", len(ending)),
              "rewards_budget", _these(end.budget.pk for end in ending)),
        _need("bad", failed, ngettext("reward that another system did not hand out",
              "rewards that another system did not hand out", failed),
              "rewards_fulfilmentcall", "status__exact=failed"),
    ]  # fmt: skip


def _rewards(user: Any, counted: dict[str, int], now: datetime) -> list[Need]:
    mine = Reward.objects.filter(program__in=programs_granting(user, "change", Reward))
    # Said once more of all, so that an index finds those few among all that were ever given.
    counts = mine.filter(status__in=("pending", "approved", "claimed", "waiting")).aggregate(
        approve=Count("pk", filter=Q(status="pending", needs_approval=True, first_approval=None)),
        second=Count("pk", filter=Q(status="pending", needs_approval=True, first_approval__isnull=False)),
        hand_out=Count("pk", filter=Q(status="approved", due_at__lte=now)),
        claims=Count("pk", filter=Q(status="claimed")),
        waiting=Count("pk", filter=Q(status="waiting")),
    )
    approve, second, hand_out, claims, waiting = counts.values()
    over = counted["to_draw"]
    return [
        _need("warn", approve, ngettext("reward to approve", "rewards to approve", approve),
              "rewards_reward", "decide=approve"),
        _need("warn", second, ngettext("reward needs a second person", "rewards need a second person", second),
              "rewards_reward", "decide=second"),
        _need("warn", hand_out, ngettext("reward to hand out", "rewards to hand out", hand_out),
              "rewards_reward", "decide=hand-out"),
        _need("warn", claims, ngettext("reward to be paid back", "rewards to be paid back", claims),
              "rewards_reward", "decide=claims"),
        _need("busy", waiting, ngettext("reward on the waiting list", "rewards on the waiting list", waiting),
              "rewards_reward", "decide=waiting"),
        _need("warn", over, ngettext("contest to draw", "contests to draw", over),
              "rewards_contest", "state=to-draw"),
    ]  # fmt: skip


def _these(keys: Iterable[int]) -> str:
    return f"id__in={','.join(str(key) for key in keys)}"


def _calls(user: Any, programs: list[Program], now: datetime) -> list[Need]:
    """As many as “My calls” shows, and leads to; whoever leads reads of the team's, too."""
    granted = programs_granting(user, "change", FollowUp)
    calls = FollowUp.objects.to_make().filter(referral__program__in=granted)
    today = Q(due_at__gte=now) & FollowUp.objects.due_today(programs, now)
    late, mine = Q(due_at__lt=now), Q(owner=user) | Q(owner=None)
    counts = calls.aggregate(
        overdue=Count("pk", filter=mine & late),
        today=Count("pk", filter=mine & today),
        team=Count("pk", filter=late),
        escalated=Count("pk", filter=Q(owner=user, told=FollowUp.Told.ESCALATED)),
    )
    overdue, rest, team, escalated = counts.values()
    words = ngettext("call that nobody made is yours now", "calls that nobody made are yours now", escalated)
    page = reverse("admin:calls")
    whole_team = ngettext("call overdue in the whole team", "calls overdue in the whole team", team)
    return [
        Need(escalated, words, page, "bad"),
        Need(overdue, ngettext("call overdue", "calls overdue", overdue), f"{page}#late", "bad"),
        Need(rest, ngettext("call due today", "calls due today", rest), f"{page}#today", "busy"),
        Need(
            team if team > overdue and _leads(user, programs) else 0,
            whole_team,
            f"{page}?whose=all#late",
            "bad",
        ),
    ]


def _leads(user: Any, programs: list[Program]) -> bool:
    manager = Membership.Role.MANAGER in roles_of(user).values()
    return user.is_superuser or manager or any(program.lead_id == user.pk for program in programs)


def _reviews(count: int) -> str:
    return ngettext("suspicious referral under review", "suspicious referrals under review", count)


def _claims(counted: dict[str, int]) -> list[Need]:
    claims, disputed = counted["claims"], counted["disputed"]
    return [
        _need("warn", claims, ngettext("claim to decide", "claims to decide", claims),
              "referrals_claim", "status__exact=open"),
        _need("warn", disputed,
              ngettext("sale whose advocate is disputed", "sales whose advocate is disputed", disputed),
              "referrals_attribution", "standing__exact=disputed"),
    ]  # fmt: skip


def _mentions(counted: dict[str, int]) -> list[Need]:
    count = counted["mentions"]
    words = ngettext(
        "friend who says that somebody told them", "friends who say that somebody told them", count
    )
    return [_need("warn", count, words, "referrals_mention", "settled_at__isempty=1")]


def _messages(counted: dict[str, int]) -> list[Need]:
    failed, unknown, owed = counted["failed"], counted["unknown"], counted["undelivered"]
    return [
        _need("bad", owed, ngettext("reward that did not reach its owner", "rewards that did not reach their owners",
              owed), "campaigns_message", "state=owed"),
        _need("bad", failed, ngettext("message given up", "messages given up", failed),
              "campaigns_message", "status__exact=failed"),
        _need("warn", unknown,
              ngettext("message that may not have arrived", "messages that may not have arrived", unknown),
              "campaigns_message", "status__exact=unknown"),
    ]  # fmt: skip


def _by_hand(counted: dict[str, int]) -> list[Need]:
    to_send, unsent = counted["to_send"], counted["unsent"]
    return [
        _need("busy", to_send, ngettext("message for you to send by hand", "messages for you to send by hand", to_send),
              "campaigns_byhand", "whose=mine"),
        _need("warn", unsent,
              ngettext("message that a colleague has not sent by hand for a week",
                       "messages that colleagues have not sent by hand for a week", unsent),
              "campaigns_byhand", "whose=late"),
    ]  # fmt: skip


def _asking(user: Any) -> list[Asking]:
    """The live plans that this person may stop."""
    plans = OutreachPlan.objects.live().filter(program__in=programs_granting(user, "change", OutreachPlan))
    return [
        Asking(
            name,
            reverse("admin:campaigns_outreachplan_change", args=[pk]),
            reverse("admin:campaigns_outreachplan_step", args=[pk, "stop"]),
        )
        for pk, name in plans.order_by("name", "pk").values_list("pk", "name")[:MOST_PLANS]
    ]


def _not_live(program: Any) -> Need:
    missing = [
        words
        for words, is_there in (
            (_("no sender name"), program.sender_name),
            (_("no postal address"), program.postal_address),
            (_("no ideal customer"), program.has_profile),
            (_("nobody who calls"), program.owner_id),
        )
        if not is_there
    ]
    why = ", ".join(missing) or _("everything is ready: open it")
    words = _("%(program)s is not live: %(why)s") % {"program": program.name, "why": why}
    return Need(None, words, reverse("admin:referrals_program_change", args=[program.pk]), "warn")


def _referrals(user: Any, programs: list[Program], now: datetime) -> tuple[int, dict[str, int]]:
    """How many wait for this person's decision, and how far the friends of the last 90 days have come."""
    recent = Q(submitted_at__gt=now - timedelta(days=FUNNEL_DAYS))
    review = Q(status=Status.UNDER_REVIEW)
    counts = Referral.objects.filter(
        review | recent, program__in=[program.pk for program in programs]
    ).aggregate(
        review=Count("pk", filter=review & Q(program__in=programs_granting(user, "change", Referral))),
        **{name: Count("pk", filter=recent & Q(status__in=statuses)) for name, statuses in STAGES},
    )
    return counts.pop("review"), counts


def _stages(user: Any, reached: dict[str, int], now: datetime) -> list[Stage]:
    events = Event.objects.for_staff(user).filter(occurred_at__gt=now - 2 * WEEK, kind__in=WEEKLY.values())
    counts = events.aggregate(
        **{
            f"this_{name}": Count("pk", filter=Q(kind=kind, occurred_at__gt=now - WEEK))
            for name, kind in WEEKLY.items()
        },
        **{
            f"last_{name}": Count("pk", filter=Q(kind=kind, occurred_at__lte=now - WEEK))
            for name, kind in WEEKLY.items()
        },
    )
    labels = {
        "named": _("Named"), "contacted": _("Contacted"), "qualified": _("Qualified"), "customers": _("Customers"),
    }  # fmt: skip
    return [
        Stage(
            labels[name], counts[f"this_{name}"], counts[f"last_{name}"], reached[name],
            round(100 * reached[name] / (reached["named"] or 1)),
        )
        for name in WEEKLY
    ]  # fmt: skip


def _need(tone: str, count: int, words: str, page: str, query: str) -> Need:
    return Need(count, words, f"{reverse(f'admin:{page}_changelist')}?{query}".rstrip("?"), tone)
