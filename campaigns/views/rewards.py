"""One reward, for the advocate or the friend who gets it; and the prizes that points buy."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from campaigns.doors import count_unknown, limit_forms, private_page
from campaigns.services.reward_lines import line_of
from campaigns.views.portal import advocate_of, signed_in
from referrals.models import Enrolment, Program, Referral
from referrals.money import format_money
from referrals.transitions import Refused
from rewards.models import Charity, Prize, Reward, RewardRule
from rewards.services.charity import choose_charity, given_to
from rewards.services.mystery import open_gift
from rewards.services.points import balance, pick_prize

CHANGES = ["GET", "HEAD", "POST"]


@require_http_methods(CHANGES)
@never_cache
@signed_in
def show_reward(request: HttpRequest, pk: UUID) -> HttpResponse:
    """An advocate's reward: where it stands, how to use it, and what is to be chosen or opened."""
    mine = Reward.objects.filter(enrolment__advocate=advocate_of(request), side=RewardRule.Side.ADVOCATE)
    return _reward_page(request, get_object_or_404(mine.with_people(), pk=pk))


@require_http_methods(CHANGES)
@private_page
@count_unknown
@limit_forms
def show_friend_reward(request: HttpRequest, token: str, pk: UUID) -> HttpResponse:
    """The same for the friend, whose link is the key."""
    referral = get_object_or_404(Referral.objects.filter(erased_at=None), token=token)
    theirs = Reward.objects.filter(referral=referral, side=RewardRule.Side.FRIEND)
    return _reward_page(request, get_object_or_404(theirs.with_people(), pk=pk), referral)


@require_http_methods(CHANGES)
@never_cache
@signed_in
def show_prizes(request: HttpRequest, slug: str) -> HttpResponse:
    """What points buy. Each form carries a key, so that pressing twice picks one prize."""
    places = Enrolment.objects.for_page().exclude(program__status=Program.Status.DRAFT)
    enrolment = get_object_or_404(places, advocate=advocate_of(request), program__slug=slug)
    refusal = ""
    if request.method == "POST":
        try:
            return redirect("portal-reward", _pick(request, enrolment).pk)
        except Refused as refused:
            refusal = str(refused)
    return render(request, "campaigns/prizes.html", _prizes(enrolment, refusal))


def _pick(request: HttpRequest, enrolment: Enrolment) -> Reward:
    prizes = Prize.objects.filter(program=enrolment.program_id).select_related("incentive__program")
    prize = get_object_or_404(prizes, pk=_number(request.POST.get("prize", "")))
    try:
        key = UUID(request.POST.get("key", ""))
    except ValueError as error:
        raise Refused(_("The form was incomplete. Please pick your prize again.")) from error
    return pick_prize(prize, enrolment, now=timezone.now(), key=f"{prize.pk}:{key}")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _prizes(enrolment: Enrolment, refusal: str) -> dict[str, Any]:
    points = balance(enrolment)
    offered = Prize.objects.filter(program=enrolment.program_id, active=True, incentive__active=True)
    prizes = list(offered.select_related("incentive"))
    for prize in prizes:
        prize.missing = max(prize.points - points, 0)  # type: ignore[attr-defined]
    return {
        "program": enrolment.program,
        "points": points,
        "prizes": prizes,
        "key": uuid4(),
        "refusal": refusal,
    }


def _reward_page(request: HttpRequest, reward: Reward, referral: Referral | None = None) -> HttpResponse:
    line = line_of(reward, now=timezone.now())
    refusal = ""
    if request.method == "POST":
        try:
            _change(request, reward)
        except Refused as refused:
            refusal = str(refused)
        else:
            return redirect(line.path)
    page = {
        "program": reward.program,
        "referral": referral,
        "line": line,
        "refusal": refusal,
        "promised": _day(reward, reward.created_at),
        "until": _day(reward, reward.expires_at) if reward.expires_at else "",
        "charities": _charities(reward) if line.may_choose else [],
    }
    return render(request, "campaigns/reward.html", page)


def _day(reward: Reward, at: datetime) -> str:
    return date_format(reward.program.local(at), "DATE_FORMAT")


def _change(request: HttpRequest, reward: Reward) -> None:
    if "open" in request.POST:
        open_gift(reward, now=timezone.now())
        return
    theirs = Charity.objects.filter(program=reward.program_id)
    charity = theirs.filter(pk=_number(request.POST.get("charity", ""))).first()
    if charity is None:
        raise Refused(_("Choose one of the charities, then press the button."))
    choose_charity(reward, charity)


def _charities(reward: Reward) -> list[tuple[Charity, str]]:
    """Each with what it was given by everyone so far."""
    given = {name: format_money(total, currency) for name, total, currency in given_to([reward.program_id])}
    rows = Charity.objects.filter(program=reward.program_id, active=True)
    return [(row, given.get(row.name, "")) for row in rows]
