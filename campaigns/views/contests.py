"""Contests and mystery gifts: what anybody may know before and after the draw, and one's own chances."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.offers import FOR_THE_ADVOCATE, When
from campaigns.services.leaderboard import leaders_of, place_of
from campaigns.views.portal import advocate_of, signed_in
from referrals.models import Program
from referrals.transitions import Refused
from rewards.models import Contest, MysteryBox
from rewards.services.contest import enter_free, published
from rewards.services.mystery import outcomes_of
from rewards.services.mystery import published as published_box


@require_safe
def show_contest(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The rules, the chances and the prizes; the seed's hash before the draw, the seed after it."""
    now = timezone.now()
    contest = _contest(slug, pk, now)
    actions = contest.actions.order_by("-weight", "pk")
    page = {
        "program": contest.program,
        "contest": contest,
        "running": contest.ends_at > now,
        "ends": _end(contest),
        "drawn": date_format(contest.program.local(contest.drawn_at or now), "DATE_FORMAT"),
        "actions": [(FOR_THE_ADVOCATE[When(a.when)], a.weight) for a in actions],
        "prizes": contest.prizes.select_related("incentive", "winner").order_by("place"),
    }
    return render(request, "campaigns/contest.html", page)


@require_safe
def show_draw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The file with which anybody repeats the draw."""
    contest = _contest(slug, pk, timezone.now())
    return _file(published(contest), f"contest-{contest.pk}.json")


@require_safe
def show_mystery(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What a mystery gift may be, and how likely each of it is."""
    box = _box(slug, pk)
    outcomes = outcomes_of(box)
    total = sum(outcome.chances for outcome in outcomes)
    page = {
        "program": box.incentive.program,
        "box": box,
        "total": total,
        "outcomes": [(outcome, outcome.chances * 100 / total) for outcome in outcomes],
    }
    return render(request, "campaigns/mystery.html", page)


@require_safe
def show_mystery_draw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    box = _box(slug, pk)
    return _file(published_box(box), f"mystery-{pk}.json")


def _end(contest: Contest) -> str:
    """The moment on the clock of the program's office, such as “March 12, 18:00”."""
    local = contest.program.local(contest.ends_at)
    return f"{date_format(local, 'MONTH_DAY_FORMAT')}, {date_format(local, 'H:i')}"


def _contest(slug: str, pk: int, now: datetime) -> Contest:
    """One that has begun; what is over stays, so that it can be checked for ever."""
    begun = Contest.objects.filter(starts_at__lte=now).exclude(program__status=Program.Status.DRAFT)
    return get_object_or_404(begun.select_related("program"), program__slug=slug, pk=pk)


def _box(slug: str, pk: int) -> MysteryBox:
    """``pk`` is the incentive's: the gift as people know it."""
    boxes = MysteryBox.objects.exclude(incentive__program__status=Program.Status.DRAFT)
    return get_object_or_404(
        boxes.select_related("incentive__program"), incentive__program__slug=slug, incentive=pk
    )


def _file(facts: dict[str, object], name: str) -> HttpResponse:
    response = JsonResponse(facts, json_dumps_params={"indent": 1, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@signed_in
def show_my_contest(request: HttpRequest, pk: int) -> HttpResponse:
    """An advocate's chances and place, who else takes part, and the free entry for whoever asks."""
    now = timezone.now()
    begun = Contest.objects.filter(starts_at__lte=now).exclude(program__status=Program.Status.DRAFT)
    mine = begun.filter(program__enrolments__advocate=advocate_of(request)).select_related("program")
    contest = get_object_or_404(mine, pk=pk)
    enrolment = contest.program.enrolments.get(advocate=advocate_of(request))
    refusal = ""
    if request.method == "POST":
        try:
            enter_free(contest, enrolment, now=now)
            return redirect("portal-contest", pk)
        except Refused as refused:
            refusal = str(refused)
    page = {
        "program": contest.program,
        "contest": contest,
        "running": contest.ends_at > now,
        "ends": _end(contest),
        "refusal": refusal,
        "place": place_of(enrolment, contest),
        "leaders": leaders_of(contest, enrolment),
        "won": contest.prizes.filter(winner=enrolment).select_related("incentive").first(),
    }
    return render(request, "campaigns/my_contest.html", page)
