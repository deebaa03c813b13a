"""What advocates read by the calendar: what became of their recommendations, that a reward waits, thanks.

Each function does all that is due, in a number of queries that does not grow within a batch, and may run at
any time, twice or late. What it writes goes to the outbox, where preferences and the contact budget decide.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from django.db.models import Count, Max, Q, QuerySet
from django.utils.text import capfirst
from django.utils.translation import override

from campaigns.links import link_to
from campaigns.models import Message, Purpose, RegularMail
from campaigns.models.regular_mail import numbers
from campaigns.services import outbox
from campaigns.services.notices import to_advocate
from campaigns.services.reward_notices import remind_of
from campaigns.services.standing import of_referral
from referrals.models import Enrolment, Event, Program, Referral
from rewards.models import Incentive, Reward
from rewards.models.reward import NOT_COUNTED

Status = Referral.Status
BATCH = 500
# A clock that stood still for two days loses nothing; what is older is no news.
LATE = timedelta(days=2)
# A reward that waited longer than this beyond its day was there before anybody reminded.
REMIND_WITHIN = timedelta(days=30)
NEWS = (Status.SUBMITTED, Status.CONTACTED, Status.QUALIFIED)
NEWS_AT_MOST = 3
T = TypeVar("T")


class Results(NamedTuple):
    """What an advocate's recommendations came to."""

    friends: int = 0
    customers: int = 0


def tell_progress(*, now: datetime) -> int:
    """On certain days after their last recommendation, tell advocates what became of it, if there is news
    that no other mail told. Returns how many messages were written, or had been."""
    plans = _plans(lambda mail: numbers(mail.progress_days))
    if not any(plans.values()):
        return 0
    due = Q()
    for programs, days in _alike(plans):
        for day in days:
            at = now - timedelta(days=day)
            due |= Q(program__in=programs, submitted_at__gt=at - LATE, submitted_at__lte=at)
    named = Referral.objects.exclude(source__in=Referral.BY_THEMSELVES)
    places = Enrolment.objects.filter(pk__in=named.filter(due).values("enrolment"))
    by_them = ~Q(referrals__source__in=Referral.BY_THEMSELVES)
    told = places.annotate(last=Max("referrals__submitted_at", filter=by_them))
    return sum(outbox.queue(_progress(batch, plans, now), now=now) for batch in _batches(told))


def _progress(places: Sequence[Enrolment], plans: dict[int, list[int]], now: datetime) -> Iterator[Message]:
    since = {place.pk: _since(place.last, plans[place.program_id], now) for place in places}  # type: ignore[attr-defined]
    due = [place for place in places if since[place.pk]]
    news, results = _news(due, since), _results(due)
    for place in due:
        if not (sentences := news[place.pk]):
            continue
        message = _letter(Purpose.PROGRESS, place, results, news=" ".join(sentences[:NEWS_AT_MOST]))
        message.key = f"{Purpose.PROGRESS}:{place.pk}:{since[place.pk]:%Y-%m-%d}"
        yield message


def _since(last: datetime, days: Sequence[int], now: datetime) -> datetime | None:
    """From when on something is news, if today is one of the days; None if it is not."""
    before = last
    for day in days:
        at = last + timedelta(days=day)
        if at <= now < at + LATE:
            return before
        before = at
    return None


def _news(places: Sequence[Enrolment], since: dict[int, datetime | None]) -> dict[int, list[str]]:
    """Sentences about friends with whom something happened since, newest first; one query for all."""
    found: dict[int, list[str]] = defaultdict(list)
    starts = [start for place in places if (start := since[place.pk])]
    if not starts:
        return found
    by_pk = {place.pk: place for place in places}
    moved = Q(status_at__gt=min(starts)) | Q(accepted_at__gt=min(starts))
    rows = Referral.objects.filter(moved, enrolment__in=by_pk, status__in=NEWS, erased_at=None)
    for referral in rows.order_by("-status_at"):
        start, place = since[referral.enrolment_id], by_pk[referral.enrolment_id]
        referral.program = place.program
        if start and _is_untold(referral, start):
            language = place.advocate.language or place.program.language
            found[place.pk].append(_in_words(referral, language))
    return found


def _is_untold(referral: Referral, since: datetime) -> bool:
    """Whether it is news that the program did not send at once. A sale is thanked for on the spot."""
    if referral.status == Status.CONTACTED:
        return referral.status_at > since and not referral.program.tell_contacted
    if referral.status == Status.QUALIFIED:
        return referral.status_at > since and not referral.program.tell_qualified
    return referral.accepted_at is not None and referral.accepted_at > since


def _in_words(referral: Referral, language: str) -> str:
    with override(language):
        return capfirst(of_referral(referral, call_by=None, now=referral.status_at).why)


def remind_of_rewards(*, now: datetime) -> int:
    """Remind advocates once of a reward with which they have yet to do something: a code to use, a gift to
    open, a charity to choose. Returns how many reminders are new."""
    due = Q()
    for programs, days in _alike(_plans(lambda mail: mail.remind_after_days)):
        if days:
            at = now - timedelta(days=days)
            due |= Q(program__in=programs, status_at__lte=at, status_at__gt=at - REMIND_WITHIN)
    if not due:
        return 0
    at_hand = Q(status=Reward.Status.ISSUED) & (~Q(code="") | Q(wrapped_in__isnull=False, opened_at=None))
    to_choose = Q(status=Reward.Status.APPROVED, incentive__kind=Incentive.Kind.DONATION, charity=None)
    waiting = Reward.objects.filter(due, at_hand | to_choose, side="advocate")
    return remind_of(waiting.filter(Q(expires_at=None) | Q(expires_at__gt=now)), now=now)


def thank_for_years(*, now: datetime) -> int:
    """Thank advocates for the years that the clock has just recorded."""
    programs = [program for program, wanted in _plans(lambda mail: mail.anniversaries).items() if wanted]
    years = Event.objects.filter(
        program__in=programs, kind=Event.Kind.ANNIVERSARY, occurred_at__gt=now - LATE, occurred_at__lte=now
    )
    count, last = 0, None
    while rows := list((years.filter(pk__gt=last) if last else years).order_by("pk")[:BATCH]):
        count += outbox.queue(_anniversaries(rows), now=now)
        last = rows[-1].pk
    return count


def _anniversaries(events: Sequence[Event]) -> Iterator[Message]:
    people = Enrolment.objects.filter(
        program__in={e.program_id for e in events}, advocate__in={e.advocate_id for e in events}
    )
    places = {(p.program_id, p.advocate_id): p for p in people.select_related("program", "advocate")}
    results = _results(places.values())
    for event in events:
        if place := places.get((event.program_id, event.advocate_id)):
            message = _letter(Purpose.ANNIVERSARY, place, results, years=event.data["years"])
            message.key = f"{Purpose.ANNIVERSARY}:{event.pk}"
            yield message


def thank_personally(*, now: datetime) -> int:
    """Write a personal letter to advocates who have just brought a customer with a round number."""
    plans = _plans(lambda mail: numbers(mail.letter_at))
    sold = Referral.objects.filter(
        program__in=[program for program, marks in plans.items() if marks],
        status=Status.CONVERTED, status_at__gt=now - LATE, status_at__lte=now,
    )  # fmt: skip
    places = Enrolment.objects.filter(pk__in=sold.values("enrolment"))
    return sum(outbox.queue(_letters(batch, plans), now=now) for batch in _batches(places))


def _letters(places: Sequence[Enrolment], plans: dict[int, list[int]]) -> Iterator[Message]:
    results = _results(places)
    for place in places:
        passed = [mark for mark in plans[place.program_id] if mark <= results[place.pk].customers]
        if passed:
            message = _letter(Purpose.PERSONAL_THANKS, place, results, friend_first_name="")
            message.key = f"{Purpose.PERSONAL_THANKS}:{place.pk}:{passed[-1]}"
            yield message


def personal_thanks(place: Enrolment) -> Message:
    """The personal letter to one advocate, with what they have brought so far."""
    return _letter(
        Purpose.PERSONAL_THANKS,
        place,
        _results([place]) if place.pk else defaultdict(Results),
        friend_first_name="",
    )


def _plans(what: Callable[[RegularMail], T]) -> dict[int, T]:
    """What each live program chose, or the usual; in one query."""
    programs = Program.objects.live().select_related("regular_mail")
    return {program.pk: what(getattr(program, "regular_mail", None) or RegularMail()) for program in programs}


def _alike(plans: dict[int, T]) -> Iterator[tuple[list[int], T]]:
    """Programs that chose the same, together with what they chose."""
    chosen: dict[str, tuple[list[int], T]] = {}
    for program, choice in plans.items():
        chosen.setdefault(str(choice), ([], choice))[0].append(program)
    yield from chosen.values()


def _results(places: Iterable[Enrolment]) -> dict[int, Results]:
    """Friends and customers by enrolment, of those who count; in one query."""
    found: dict[int, Results] = defaultdict(Results)
    counted = Referral.objects.filter(enrolment__in=list(places)).exclude(status__in=NOT_COUNTED).order_by()
    sold = Count("pk", filter=Q(status=Status.CONVERTED))
    for place, friends, customers in counted.values_list("enrolment").annotate(
        friends=Count("pk"), customers=sold
    ):
        found[place] = Results(friends, customers)
    return found


def _letter(purpose: Purpose, place: Enrolment, results: dict[int, Results], **context: Any) -> Message:
    friends, customers = results[place.pk]
    return to_advocate(
        purpose,
        place,
        link=link_to("portal"),
        friend_count=friends,
        customer_count=customers or "",
        **context,
    )


def _batches(places: QuerySet[Enrolment]) -> Iterator[list[Enrolment]]:
    rows, last = places.select_related("program", "advocate").order_by("pk"), 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        yield batch
        last = batch[-1].pk
