"""An advocate's own corner on the company's pages: in a frame, or as JSON for pages that draw it themselves."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from campaigns.doors import private_page
from campaigns.links import link_to
from campaigns.offers import Side, offers_of
from campaigns.services.overview import ladders_of, places_of
from campaigns.services.words import NoWords, share_words
from campaigns.sharing import share_link
from referrals.models import Advocate, Enrolment, Program, SiteWidget

# The channel for which visits by the widget count.
HERE = "widget"
View = Callable[..., HttpResponse]


def signed(view: View) -> View:
    """Lets in what the company's server signed for one of its customers, and hands out that customer's place
    in the program, or None if they are no advocate yet. Anything else is as if it were not there."""

    @wraps(view)
    def door(request: HttpRequest, key: str) -> HttpResponse:
        widgets = SiteWidget.objects.select_related("program")
        found = widgets.filter(key=key, program__status=Program.Status.LIVE).first()
        asked = [request.GET.get(name, "") for name in ("customer", "at", "sign")]
        if found is None or not found.is_signed(*asked, now=timezone.now()):
            raise Http404
        theirs = Advocate.objects.filter(external_id=asked[0]).first() if asked[0] else None
        places = places_of(theirs, program=found.program) if theirs else []
        return view(request, found, next(iter(places), None))

    return door


@require_safe
@xframe_options_exempt
@private_page
@signed
def show_widget(request: HttpRequest, widget: SiteWidget, place: Enrolment | None) -> HttpResponse:
    """The corner in a frame: it has no session and opens tabs, nothing else."""
    offers = offers_of(widget.program, read_by=Side.ADVOCATE, now=timezone.now())
    page = {"program": widget.program, "place": place, "offers": offers}
    if place:
        page |= _of(place)
    response = render(request, "campaigns/widget.html", page)
    response._csp_replace = {"frame-ancestors": widget.sites}  # type: ignore[attr-defined]
    return response


@require_safe
@private_page
@signed
def show_widget_data(request: HttpRequest, widget: SiteWidget, place: Enrolment | None) -> HttpResponse:
    """The same as JSON, for the program's own sites."""
    known = {"advocate": _of(place)} if place else {"advocate": None}
    response = JsonResponse(known | {"program": link_to("program", widget.program.slug)})
    if (origin := request.headers.get("origin", "")) in widget.sites:
        response["Access-Control-Allow-Origin"] = origin
    response["Vary"] = "Origin"
    return response


def _of(place: Any) -> dict[str, Any]:
    try:
        words = share_words(place, on=HERE)("email")
    except NoWords:
        words = ""
    return {
        "link": share_link(place, HERE),
        "code": place.code,
        "words": words,
        "friends": place.named or 0,
        "customers": place.customers or 0,
        "standing": _standing(place),
        "refer": link_to("refer-personal", place.token),
    }


def _standing(place: Any) -> dict[str, Any]:
    """On which tier of a ladder they stand, how far it is to the next, and their points to spend; None where the
    program has no such thing."""
    ladder = next(iter(ladders_of([place], now=timezone.now())), None)
    tier = next((rung.tier.told.name for rung in ladder.rungs if rung.current), None) if ladder else None
    return {
        "tier": tier,
        "next_tier": ladder.next.told.name if ladder and ladder.next else None,
        "distance": ladder.distance if ladder and ladder.next else None,
        "points": (place.points or 0) if place.has_prizes or place.points else None,
    }
