"""What staff read in the morning: counts of their own programs, and where to go. No names: a mail lies
around longer than a right lasts, and whoever asked to be forgotten must not stand in one."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from campaigns.links import link_to_desk
from campaigns.models import DigestSubscription, Message, Purpose
from campaigns.services import outbox
from campaigns.services.shortages import running_out, tight_budgets
from referrals.contacts import first_name_of
from referrals.models import Conversion, FollowUp, Membership, Program, Referral
from referrals.roles import grants
from rewards.models import Contest, LedgerCheck, LedgerTransaction, Reward
from rewards.services.budget import ending_budgets

AT_ONCE = 1000
FAILURES_OF = timedelta(days=7)


# Where the back office lists what is counted.
LISTS = {
    "differences": "rewards/ledgertransaction/?",
    "overdue": "referrals/followup/?when=overdue&",
    "to_approve": "rewards/reward/?decide=approve&",
    "second": "rewards/reward/?decide=second&",
    "to_hand_out": "rewards/reward/?decide=hand-out&",
    "claims": "rewards/reward/?decide=claims&",
    "waiting": "rewards/reward/?decide=waiting&",
    "short": "rewards/incentive/?",
    "budgets": "rewards/budget/?",
    "endings": "rewards/budget/?",
    "contests": "rewards/contest/?state=to-draw&",
    "failed": "campaigns/message/?state=attention&",
    "came": "referrals/referral/?",
    "sold": "referrals/conversion/?",
}
# What waits for somebody; the rest is news. A digest written by an earlier version may lack some.
TO_DO = (
    "differences",
    "overdue",
    "failed",
    "short",
    "budgets",
    "endings",
    "to_approve",
    "second",
    "to_hand_out",
    "claims",
    "waiting",
    "contests",
)
# What a digest says of one program: its id and name, and counts of what is new and of what waits for somebody.
Part = dict[str, Any]


def write_digests(*, now: datetime) -> int:
    """Queue the digests that are due, one a person and period, none without news; returns how many."""
    due = DigestSubscription.objects.due(now).select_related("user").order_by("next_at", "pk")
    return sum(_write(chunk, now) for chunk in _chunks(list(due)))


def programs_of(users: Iterable[int]) -> dict[int, set[int]]:
    """Which programs each of these people may see at this moment."""
    users = set(users)
    found: dict[int, set[int]] = defaultdict(set)
    if not users:
        return found
    active = Membership.objects.filter(user__in=users, user__is_active=True, user__is_staff=True)
    for user_id, program_id in active.values_list("user_id", "program_id"):
        found[user_id].add(program_id)
    everything = User.objects.filter(pk__in=users, is_superuser=True, is_active=True).values_list(
        "pk", flat=True
    )
    if owners := list(everything):
        programs = set(Program.objects.values_list("pk", flat=True))
        found |= dict.fromkeys(owners, programs)
    return found


def _subject(came: int, todo: int) -> str:
    """What came in and what is to do; neither is named when there is none of it."""
    new = ngettext("%d new recommendation", "%d new recommendations", came) % came
    work = ngettext("%d thing to do", "%d things to do", todo) % todo
    return ", ".join(words for words, count in ((new, came), (work, todo)) if count) or _("Nothing to do")


def compose_digest(message: Message) -> tuple[str, str, str]:
    """Subject, text and HTML of a digest, without the frame."""
    with override(message.language):
        parts = message.context["programs"]
        todo = sum(part.get(name, 0) for part in parts for name in TO_DO)
        came = sum(part["came"] for part in parts)
        subject = _subject(came, todo)
        words = {
            "first_name": first_name_of(message.to_name),
            "since": message.context["since"],
            "parts": [
                {"name": part["name"], "lines": _lines(part, only_one=len(parts) == 1)} for part in parts
            ],
            "desk": link_to_desk(),
        }
        return (
            subject,
            render_to_string("email/digest.txt", words),
            render_to_string("email/digest.html", words),
        )


def _write(due: Sequence[DigestSubscription], now: datetime) -> int:
    seen = programs_of({row.user_id for row in due})
    news = _News({program for row in due for program in seen[row.user_id]}, now)
    news.keep_for({row.user_id for row in due})
    written = [message for row in due if (message := _digest(row, seen[row.user_id], news, now))]
    with transaction.atomic():
        outbox.queue(written, now=now)
        for next_at, rows in _by_next(due, now).items():
            DigestSubscription.objects.filter(pk__in=rows).update(next_at=next_at, last_at=now)
    return len(written)


def _by_next(due: Sequence[DigestSubscription], now: datetime) -> dict[datetime, list[int]]:
    """When each is due next. Missed ones are not made up for: the next one tells everything since the last."""
    found: dict[datetime, list[int]] = defaultdict(list)
    for row in due:
        found[row.next_after(now)].append(row.pk)
    return found


def _digest(row: DigestSubscription, programs: set[int], news: "_News", now: datetime) -> Message | None:
    since = row.last_at or now - row.period
    told = [news.part(program, since) for program in sorted(programs)]
    if told and row.user_id in news.keepers:
        # The ledger is one for all programs: whoever may see it reads of it once.
        told[0] |= {"differences": news.differences}
    parts = [part for part in told if _is_news(part)]
    if not parts or not row.user.email:
        return None
    with override("en"):
        start = date_format(since.astimezone(ZoneInfo(row.timezone)), "l j F, H:i")
    return Message(
        key=f"digest:{row.user_id}:{row.next_at:%Y-%m-%dT%H:%M}",
        purpose=Purpose.DIGEST,
        user_id=row.user_id,
        to_name=row.user.get_full_name()[:60],
        to_address=row.user.email,
        context={"since": start, "programs": parts},
    )


class _News:
    """Counts by program, each asked for once."""

    def __init__(self, programs: set[int], now: datetime) -> None:
        self.names = dict(Program.objects.filter(pk__in=programs).values_list("pk", "name"))
        self._programs = programs
        self._since: dict[datetime, tuple[dict[int, int], dict[int, int]]] = {}
        rewards = Reward.objects.filter(program__in=programs)
        failed = Message.objects.filter(program__in=programs, created_at__gt=now - FAILURES_OF)
        self._waiting = {
            "overdue": _count(
                FollowUp.objects.overdue(now).filter(referral__program__in=programs), "referral__program"
            ),
            "short": Counter(supply.incentive.program_id for supply in running_out(programs, now=now)),
            "budgets": Counter(drain.budget.program_id for drain in tight_budgets(programs, now=now)),
            "endings": Counter(end.budget.program_id for end in ending_budgets(programs, now=now)),
            **_of_rewards(rewards, now),
            "contests": _count(Contest.objects.filter(program__in=programs).to_draw(now)),
            "failed": _count(failed.needing_attention()),
        }

    def keep_for(self, users: set[int]) -> None:
        """Find out which of these people read of the ledger, and what its newest check found."""
        check = LedgerCheck.objects.newest()
        self.differences = check.count if check else 0
        roles = [role for role in Membership.Role.values if grants(role, "view", LedgerTransaction)]
        keepers = User.objects.filter(Q(is_superuser=True) | Q(memberships__role__in=roles), pk__in=users)
        self.keepers = set(keepers.values_list("pk", flat=True)) if self.differences else set()

    def part(self, program: int, since: datetime) -> Part:
        if since not in self._since:
            came = Referral.objects.filter(program__in=self._programs, submitted_at__gt=since)
            sold = Conversion.objects.filter(program__in=self._programs, recorded_at__gt=since)
            self._since[since] = _count(came), _count(sold)
        came_since, sold_since = self._since[since]
        waiting = {name: counts.get(program, 0) for name, counts in self._waiting.items()}
        return Part(
            id=program, name=self.names.get(program, ""), came=came_since.get(program, 0),
            sold=sold_since.get(program, 0), **waiting,
        )  # fmt: skip


def _of_rewards(rewards: QuerySet[Reward], now: datetime) -> dict[str, dict[int, int]]:
    """What waits for somebody about rewards, by program, in one query."""
    status = Reward.Status
    asked = Q(status=status.PENDING, needs_approval=True)
    wanted = {
        "to_approve": asked & Q(first_approval=None),
        "second": asked & Q(first_approval__isnull=False),
        "to_hand_out": Q(status=status.APPROVED, due_at__lte=now),
        "claims": Q(status=status.CLAIMED),
        "waiting": Q(status=status.WAITING),
    }
    counts = {name: Count("pk", filter=which) for name, which in wanted.items()}
    rows: list[Any] = list(rewards.order_by().values("program").annotate(**counts))
    return {name: {row["program"]: row[name] for row in rows} for name in wanted}


def _count(rows: QuerySet[Any], program: str = "program") -> dict[int, int]:
    return dict(rows.order_by().values_list(program).annotate(count=Count("pk")))


def _is_news(part: Part) -> bool:
    return any(value for name, value in part.items() if name not in {"id", "name"})


def _lines(part: Part, *, only_one: bool) -> list[dict[str, str]]:
    """What is wrong first, then what waits for somebody, then what came in; nothing about zeros."""
    part = Counter(part)
    lines = [
        (ngettext("%d thing in the ledger does not add up", "%d things in the ledger do not add up",
                  part["differences"]), "differences"),
        (ngettext("%d call is overdue", "%d calls are overdue", part["overdue"]), "overdue"),
        (ngettext("%d message did not arrive, or may not have",
                  "%d messages did not arrive, or may not have", part["failed"]), "failed"),
        (ngettext("%d stock or pool of codes runs out", "%d stocks or pools of codes run out", part["short"]), "short"),
        (ngettext("%d budget is almost spent", "%d budgets are almost spent", part["budgets"]), "budgets"),
        (ngettext("%d budget ends and none follows", "%d budgets end and none follows", part["endings"]), "endings"),
        (ngettext("%d reward waits for approval", "%d rewards wait for approval", part["to_approve"]), "to_approve"),
        (ngettext("%d reward needs a second person", "%d rewards need a second person", part["second"]), "second"),
        (ngettext("%d reward can be handed out", "%d rewards can be handed out", part["to_hand_out"]), "to_hand_out"),
        (ngettext("%d reward is to be paid back", "%d rewards are to be paid back", part["claims"]), "claims"),
        (ngettext("%d reward is on the waiting list", "%d rewards are on the waiting list",
                  part["waiting"]), "waiting"),
        (ngettext("%d contest can be drawn", "%d contests can be drawn", part["contests"]), "contests"),
        (ngettext("%d new recommendation", "%d new recommendations", part["came"]), "came"),
        (ngettext("%d sale to a friend", "%d sales to friends", part["sold"]), "sold"),
    ]  # fmt: skip
    # The lists have a filter by program for whoever has several.
    program = "" if only_one else f"program={part['id']}"
    return [
        {"text": text % part[name], "link": link_to_desk(f"{LISTS[name]}{program}".rstrip("?&"))}
        for text, name in lines
        if part[name]
    ]


def _chunks(rows: list[DigestSubscription]) -> Iterable[list[DigestSubscription]]:
    return (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE))
