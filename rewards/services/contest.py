from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from referrals.models import Enrolment, Event
from referrals.transitions import Refused
from rewards.draws import Entry, draw_winners
from rewards.models import Contest, ContestEntry, ContestPrize, Incentive, Reward
from rewards.models.reward import NOT_COUNTED
from rewards.models.rule import RewardRule
from rewards.services.grant import promise

BATCH = 500
OVERLAP = timedelta(minutes=10)


def collect_entries(*, now: datetime) -> int:
    """Write the chances that events since the last time brought into the contests that run, or are to be
    drawn; each event counts once. Returns how many entries were looked at."""
    open_contests = Contest.objects.filter(drawn_at=None, starts_at__lte=now)
    return sum(_collect_open(contest, now) for contest in open_contests.values_list("pk", flat=True))


def _collect_open(key: int, now: datetime) -> int:
    """Collect for one contest, unless it has been drawn meanwhile: no entry comes after the draw."""
    with transaction.atomic():
        contest = Contest.objects.select_for_update(no_key=True).get(pk=key)
        return 0 if contest.drawn_at else _collect(contest, now)


def _collect(contest: Contest, now: datetime) -> int:
    weights = dict(contest.actions.values_list("when", "weight"))
    tickets = Incentive.objects.filter(program=contest.program_id, kind=Incentive.Kind.CONTEST_ENTRY)
    handed_out = Q(
        kind=Event.Kind.REWARD_ISSUED, data__incentive__in=list(tickets.values_list("pk", flat=True))
    )
    events = Event.objects.filter(
        Q(kind__in=weights) | handed_out,
        program_id=contest.program_id,
        occurred_at__gte=contest.starts_at,
        occurred_at__lt=contest.ends_at,
    ).exclude(referral__status__in=NOT_COUNTED)
    if contest.collected_at:
        # A transaction that was under way at the last look may have shown its events only since.
        events = events.filter(recorded_at__gt=contest.collected_at - OVERLAP)
    count = 0
    for batch in batched(events.values_list("pk", "kind", "advocate").iterator(), BATCH):
        mine = contest.program.enrolments.filter(advocate__in={advocate for *_, advocate in batch})
        places = dict(mine.values_list("advocate", "pk"))
        entries = [
            ContestEntry(
                contest=contest,
                enrolment_id=places[advocate],
                event_id=pk,
                # A contest entry handed out as a reward is one chance.
                weight=weights.get(kind, 1),
                entered_at=now,
            )
            for pk, kind, advocate in batch
            if advocate in places
        ]
        ContestEntry.objects.bulk_create(entries, ignore_conflicts=True)
        count += len(entries)
    Contest.objects.filter(pk=contest.pk).update(collected_at=now)
    return count


def batched(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The rows in lists of at most ``size``."""
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch


def enter_free(contest: Contest, enrolment: Enrolment, *, now: datetime) -> None:
    """One chance for whoever asks. Asking again changes nothing. Raises Refused outside the period."""
    if contest.program_id != enrolment.program_id:
        raise Refused(_("This contest is not for your program."))
    with transaction.atomic():
        row = Contest.objects.select_for_update(no_key=True).get(pk=contest.pk)
        if not (row.free_entry and row.starts_at <= now < row.ends_at) or row.drawn_at:
            raise Refused(_("This contest takes no entries now."))
        ContestEntry.objects.get_or_create(
            contest=row, enrolment=enrolment, event=None, defaults={"weight": 1, "entered_at": now}
        )


def entry_list(contest: Contest) -> list[Entry]:
    """Chances by share code – the public pseudonym of an advocate – as they are drawn from and published."""
    rows = (
        contest.entries.values("enrolment__code").annotate(chances=Sum("weight")).order_by("enrolment__code")
    )
    return [Entry(row["enrolment__code"], row["chances"]) for row in rows]


def draw(contest: Contest, *, now: datetime, by: Any = None) -> list[Reward]:
    """Draw the winners of a contest that is over, and promise their prizes.

    The seed, whose hash was public from the start, and the entry list decide. Drawing again gives
    nothing new. Raises Refused while the contest runs or when nobody took part.
    """
    with transaction.atomic():
        row = Contest.objects.select_for_update().get(pk=contest.pk)
        if row.drawn_at:
            return []
        if row.ends_at > now:
            raise Refused(_("The contest is not over. It can be drawn once it is."))
        # Once more from the start: a friend released from review counts, one rejected since does not.
        row.collected_at = None
        _collect(row, now)
        _forget_uncounted(row)
        entries = entry_list(row)
        if not entries:
            raise Refused(_("Nobody took part, so there is nothing to draw."))
        prizes = list(row.prizes.select_related("incentive__program").order_by("place"))
        winners = draw_winners(row.seed, entries, len(prizes))
        by_code = {e.code: e for e in Enrolment.objects.filter(code__in=winners)}
        won = [(prize, by_code[code]) for prize, code in zip(prizes, winners, strict=False)]
        for prize, winner in won:
            prize.winner = winner
        ContestPrize.objects.bulk_update([prize for prize, _winner in won], ["winner"])
        Contest.objects.filter(pk=row.pk).update(drawn_at=now)
        events = Event.objects.record([_won(prize, winner, now, by) for prize, winner in won], now=now)
        return promise(
            [_reward(prize, winner, event, now) for (prize, winner), event in zip(won, events, strict=True)],
            now=now,
        )


def _forget_uncounted(contest: Contest) -> None:
    """Take out entries for friends who were rejected since."""
    contest.entries.filter(event__referral__status__in=NOT_COUNTED).delete()


def published(contest: Contest) -> dict[str, Any]:
    """Everything somebody needs to repeat the draw: JSON-ready, without a name in it.

    Before the draw there is only the hash of the seed.
    """
    facts: dict[str, Any] = {
        "contest": contest.name,
        "ends_at": contest.ends_at.isoformat(),
        "seed_sha256": contest.seed_hash,
    }
    if contest.drawn_at:
        facts["seed"] = contest.seed
        facts["entries"] = [[entry.name, entry.weight] for entry in entry_list(contest)]
        prizes = contest.prizes.filter(winner__isnull=False).values_list("place", "winner__code")
        facts["places"] = contest.prizes.count()
        facts["winners"] = [code for _place, code in prizes.order_by("place")]
    return facts


def _won(prize: ContestPrize, winner: Enrolment, now: datetime, by: Any) -> Event:
    return Event(
        kind=Event.Kind.CONTEST_WON,
        program_id=winner.program_id,
        advocate_id=winner.advocate_id,
        actor=by,
        occurred_at=now,
        data={"contest": prize.contest_id, "place": prize.place},
        dedup_key=f"contest:{prize.contest_id}:{prize.place}",
    )


def _reward(prize: ContestPrize, winner: Enrolment, event: Event, now: datetime) -> Reward:
    incentive = prize.incentive
    return Reward(
        program_id=winner.program_id,
        incentive=incentive,
        side=RewardRule.Side.ADVOCATE,
        enrolment=winner,
        event=event,
        amount=incentive.value,
        cost=incentive.charge,
        currency=incentive.unit,
        due_at=now,
        status_at=now,
        created_at=now,
        inputs={"contest": prize.contest_id, "place": prize.place},
    )
