from typing import NamedTuple

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from referrals.models import Enrolment
from rewards.models import Contest

SHOWN = 10


class Place(NamedTuple):
    """Where somebody stands; ``number`` is 0 for whoever has no chance yet, ``free`` that theirs was asked for."""

    number: int
    chances: int
    free: bool


class Leader(NamedTuple):
    number: int
    name: str
    chances: int
    is_me: bool


def place_of(enrolment: Enrolment, contest: Contest) -> Place:
    """Chances and place of an advocate; who has as many shares the place. Two queries."""
    mine = contest.entries.filter(enrolment=enrolment).aggregate(
        chances=Sum("weight", default=0), free=Sum("weight", filter=Q(event=None), default=0)
    )
    if not mine["chances"]:
        return Place(0, 0, False)
    ahead = contest.entries.leaderboard().filter(chances__gt=mine["chances"]).count()
    return Place(ahead + 1, mine["chances"], bool(mine["free"]))


def leaders_of(contest: Contest, me: Enrolment) -> list[Leader]:
    """Who has most chances, by the first names that people chose to show. Two queries."""
    rows = list(contest.entries.leaderboard()[:SHOWN])
    people = Enrolment.objects.select_related("advocate").in_bulk([row["enrolment"] for row in rows])
    leaders: list[Leader] = []
    for number, row in enumerate(rows, start=1):
        if leaders and leaders[-1].chances == row["chances"]:
            number = leaders[-1].number
        person = people[row["enrolment"]]
        is_me = person.pk == me.pk
        name = _("You") if is_me else person.shown_name or _("Somebody")
        leaders.append(Leader(number, name, row["chances"], is_me))
    return leaders
