"""Yardsticks over HTTP: Django without middleware, and views that run our statements and do nothing else."""

import os
from datetime import timedelta

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

# Models can be imported only after setup().
from campaigns.models import Message, Purpose  # noqa: E402
from campaigns.offers import offers_of  # noqa: E402
from campaigns.urls import urlpatterns as product  # noqa: E402
from referrals.models import Click, Consent, Enrolment, Event, FollowUp, Referral  # noqa: E402
from referrals.tokens import link_token  # noqa: E402
from rewards.models import RewardRule  # noqa: E402


def click(request: HttpRequest, code: str) -> HttpResponse:
    """The same statements and the same page, and nothing else."""
    now = timezone.now()
    enrolment = Enrolment.objects.for_page().on_channel("").get(code=code)
    Click.objects.create(enrolment=enrolment, visitor="0" * 32, is_bot=False, at=now)
    program = enrolment.program
    offers = offers_of(program, read_by=RewardRule.Side.FRIEND, now=now)
    page = {"program": program, "enrolment": enrolment, "offers": offers, "visit": "x", "link": "/"}
    return render(request, "campaigns/share.html", page)


@csrf_exempt
def submit(request: HttpRequest, token: str) -> HttpResponse:
    """The rows of one friend named: with the ORM's usual statements, and no rules."""
    now = timezone.now()
    if request.method == "GET":
        return HttpResponse('<input name="csrfmiddlewaretoken" value="x">', headers={"Set-Cookie": "a=b"})
    enrolment = Enrolment.objects.select_related("advocate", "program").get(token=token)
    with transaction.atomic():
        referral = Referral.objects.create(
            enrolment=enrolment, program=enrolment.program, source="form", name=request.POST["friend1-name"],
            email=request.POST["friend1-email"], submitted_at=now, status_at=now,
        )  # fmt: skip
        Consent.objects.create(referral=referral, who="advocate", words="They agreed.", given_at=now)
        FollowUp.objects.create(referral=referral, due_at=now + timedelta(hours=4))
        Event.objects.create(
            kind=Event.Kind.REFERRAL_SUBMITTED, program=enrolment.program, advocate=enrolment.advocate,
            referral=referral, occurred_at=now, recorded_at=now, dedup_key=link_token(),
        )  # fmt: skip
        for purpose in (Purpose.INVITATION, Purpose.REFERRAL_THANKS, Purpose.SALES_ALERT):
            Message.objects.create(
                key=link_token(), purpose=purpose, program=enrolment.program, referral=referral, language="en",
                to_address=referral.email, due_at=now, created_at=now,
            )  # fmt: skip
    return HttpResponse(status=302, headers={"Location": "/"})


urlpatterns = [
    path("r/<slug:code>/", click),
    path("a/<slug:token>/", submit),
    # The landing page is its own yardstick: the same view, with nothing of ours around it.
    *product,
]
settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = []
application = WSGIHandler()
