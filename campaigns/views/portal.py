from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.decorators import login_required
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from campaigns.links import link_to
from campaigns.services.claims import of_claim
from campaigns.services.overview import contests_of, ladders_of, places_of
from campaigns.services.reward_lines import RewardLine, lines_of
from campaigns.services.standing import Standing, of_referral
from campaigns.services.words import NoWords, share_words
from campaigns.sharing import Way, ways_to_share
from referrals.models import Advocate, Channel, Claim, Enrolment, FollowUp, Referral
from referrals.money import format_money
from rewards.models import Reward, RewardRule
from rewards.services.charity import given_to

NEWEST, ALL = 20, 1000
signed_in = login_required(login_url="account_request_login_code")


class Place(NamedTuple):
    """An advocate's place in a live program, ready to share."""

    enrolment: Enrolment
    link: str
    ways: list[Way]


class Line(NamedTuple):
    """A referral, and what the advocate reads about it."""

    row: Any
    standing: Standing


@require_safe
@never_cache
@signed_in
def show_portal(request: HttpRequest) -> HttpResponse:
    """What came of an advocate's recommendations, and what to share: the newest twenty, or all of them."""
    advocate = _advocate(request)
    if advocate is None:
        return render(request, "campaigns/portal_staff.html")
    now = timezone.now()
    enrolments = places_of(advocate)
    limit = ALL if "all" in request.GET else NEWEST
    counts = _counts(enrolments)
    page = {
        "advocate": advocate,
        "program": enrolments[0].program if enrolments else None,
        "places": _places(enrolments),
        "referrals": _referrals(enrolments, limit, now),
        "rewards": _rewards(enrolments, limit, now),
        "claims": _claims(enrolments),
        "counts": counts,
        "hidden": max(counts["named"] - limit, 0),
        "hidden_rewards": max(counts["rewards"] - limit, 0),
        "several": len(enrolments) > 1,
        "has_rewards": any(_rewards_advocates(e) for e in enrolments),
        "ladders": ladders_of(enrolments, now=now),
        "purses": [e for e in enrolments if e.has_prizes or e.points],  # type: ignore[attr-defined]
        "contests": contests_of(advocate, enrolments, now=now),
        "given": _given(enrolments),
    }
    return render(request, "campaigns/portal.html", page)


@require_POST
@signed_in
def change_settings(request: HttpRequest) -> HttpResponse:
    """Whether friends, and others in a contest, may read the advocate's first name."""
    if advocate := _advocate(request):
        advocate.show_name = request.POST.get("show_name") == "on"
        advocate.save(update_fields=["show_name"])
    return redirect("portal")


def advocate_of(request: HttpRequest) -> Advocate:
    """Whose portal this is. Whoever recommends nobody has none."""
    if advocate := _advocate(request):
        return advocate
    raise Http404


def _advocate(request: HttpRequest) -> Advocate | None:
    return getattr(request.user, "advocate", None)


def _counts(enrolments: Sequence[Any]) -> dict[str, int]:
    return {
        "named": sum(e.named or 0 for e in enrolments),
        "customers": sum(e.customers or 0 for e in enrolments),
        "rewards": sum(e.rewards_count or 0 for e in enrolments),
    }


def _rewards_advocates(enrolment: Enrolment) -> bool:
    scheme = getattr(enrolment.program, "scheme", None)
    return scheme is None or scheme.rewards(RewardRule.Side.ADVOCATE)


def _places(enrolments: Sequence[Enrolment]) -> list[Place]:
    """Every live program's link; ready words for the one joined last, so that many cost no more than one."""
    live = [enrolment for enrolment in enrolments if enrolment.program.is_live]
    return [Place(e, link_to("share", e.code), _ways(e) if e == live[0] else []) for e in live]


def _ways(enrolment: Enrolment) -> list[Way]:
    channels = list(Channel.objects.filter(program=enrolment.program_id, active=True))
    try:
        return ways_to_share(enrolment, channels, share_words(enrolment))
    except NoWords:
        return []


def _referrals(enrolments: Sequence[Enrolment], limit: int, now: datetime) -> list[Line]:
    calls = FollowUp.objects.open().filter(referral=OuterRef("pk")).values("due_at")
    rows = Referral.objects.filter(enrolment__in=enrolments).annotate(call_by=Subquery(calls[:1]))
    newest = rows.select_related("program").order_by("-submitted_at", "-pk")[:limit]
    return [Line(row, of_referral(row, call_by=row.call_by, now=now)) for row in newest]


def _claims(enrolments: Sequence[Enrolment]) -> list[Line]:
    rows = Claim.objects.filter(enrolment__in=enrolments).order_by("-made_at", "-pk")
    return [Line(row, of_claim(row)) for row in rows[:NEWEST]]


def _rewards(enrolments: Sequence[Enrolment], limit: int, now: datetime) -> list[RewardLine]:
    rows = Reward.objects.filter(enrolment__in=enrolments, side=RewardRule.Side.ADVOCATE)
    return lines_of(rows.with_people().order_by("-created_at", "-pk")[:limit], now=now)


def _given(enrolments: Sequence[Any]) -> list[tuple[str, str]]:
    """What everyone together gave to each charity."""
    programs = [e.program_id for e in enrolments if e.has_charities]
    return (
        [(name, format_money(total, currency)) for name, total, currency in given_to(programs)]
        if programs
        else []
    )
