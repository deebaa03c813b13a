"""Yardsticks over HTTP: Django without middleware, and views that run our statements and do nothing else."""

import json
import os
from functools import cache
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

# Models can be imported only after setup().
from campaigns.bench.recording import facts_by_friend, facts_by_token, replays  # noqa: E402
from campaigns.bench.replay import Replay  # noqa: E402
from campaigns.models import testimonials_on  # noqa: E402
from campaigns.offers import offers_of  # noqa: E402
from campaigns.sharing import onward_link, share_link  # noqa: E402
from campaigns.urls import urlpatterns as product  # noqa: E402
from campaigns.views.refer import refer_personal  # noqa: E402
from referrals.models import Click, Enrolment  # noqa: E402
from referrals.public_ids import pk_of  # noqa: E402
from rewards.models import RewardRule  # noqa: E402


@cache
def recorded(name: str) -> tuple[Replay, dict[Any, dict[str, Any]]]:
    """The statements of a real request, and whose data they may be run with. Fetched at the first request."""
    facts: Any = facts_by_friend() if name == "sale" else facts_by_token()
    return replays(os.environ["VAR_DIR"])[name], facts


def click(request: HttpRequest, code: str) -> HttpResponse:
    """The same statements and the same page, and nothing else."""
    now = timezone.now()
    enrolment = Enrolment.objects.for_page().live().on_channel("").get(code=code)
    Click.objects.create(enrolment=enrolment, visitor="0" * 32, is_bot=False, at=now)
    program = enrolment.program
    offers = offers_of(program, read_by=RewardRule.Side.FRIEND, now=now)
    page = {
        "program": program, "enrolment": enrolment, "offers": offers, "visit": "x",
        "link": share_link(enrolment), "site": onward_link(enrolment),
        "testimonials": testimonials_on(program.pk, settings.LANGUAGE_CODE),
    }  # fmt: skip
    return render(request, "campaigns/share.html", page)


@csrf_exempt
def submit(request: HttpRequest, token: str) -> HttpResponse:
    """What a form with one friend sends to the database."""
    if request.method == "GET":
        # The page with the form is its own yardstick, as the landing page is.
        return refer_personal(request, token=token)
    replay, facts = recorded("form")
    friend = {name: request.POST[f"friend1-{name}"] for name in ("name", "email")}
    replay.run(facts[token] | {f"friend_{name}": value for name, value in friend.items()})
    return HttpResponse(status=302, headers={"Location": "/"})


@csrf_exempt
def convert(request: HttpRequest) -> HttpResponse:
    """What a sale with both rewards sends to the database."""
    replay, facts = recorded("sale")
    sale = json.loads(request.body)
    replay.run(facts[pk_of("ref", sale["referral"])] | {"order": sale["external_id"]})
    return HttpResponse("{}", status=201, content_type="application/json")


urlpatterns = [
    path("api/v1/conversions", convert),
    path("r/<slug:code>/", click),
    path("a/<slug:token>/", submit),
    # The landing page is its own yardstick: the same view, with nothing of ours around it.
    *product,
]
settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = []
application = WSGIHandler()
