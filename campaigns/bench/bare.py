"""Yardsticks over HTTP: Django without middleware, and views that run our statements and do nothing else."""

import json
import os
from datetime import datetime, timedelta
from typing import Any

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
from referrals.api.key import A_MINUTE  # noqa: E402
from referrals.models import (  # noqa: E402
    ApiCall,
    ApiKey,
    Attribution,
    Click,
    Consent,
    Conversion,
    Enrolment,
    Event,
    FollowUp,
    Limit,
    Referral,
    Touch,
)
from referrals.public_ids import pk_of  # noqa: E402
from referrals.tokens import link_token  # noqa: E402
from rewards.models import LedgerTransaction, Reward, RewardRule  # noqa: E402
from rewards.models.ledger import Account, Movement  # noqa: E402


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


@csrf_exempt
def convert(request: HttpRequest) -> HttpResponse:
    """The rows of one sale with both rewards: with the ORM's usual statements, and no rules."""
    now, sale = timezone.now(), json.loads(request.body)
    key = ApiKey.objects.select_related("program").get(prefix=request.headers["Authorization"][10:18])
    Limit.objects.take("api", key.prefix, limit=key.calls_a_minute, per=A_MINUTE, now=now)
    with transaction.atomic():
        call = ApiCall.objects.create(key=key, name=request.headers["Idempotency-Key"], digest="x", at=now)
        told = Referral.objects.select_related("program__owner", "enrolment__advocate")
        referral = told.select_for_update(of=("self",)).get(pk=pk_of("ref", sale["referral"]))
        _sell(referral, sale, now)
        call.keep(201, "{}")
    return HttpResponse("{}", status=201, content_type="application/json")


def _sell(referral: Referral, sale: dict[str, Any], now: datetime) -> None:
    program, place = referral.program, referral.enrolment
    whose = {"program": program, "advocate": place.advocate, "referral": referral}
    sold: dict[str, Any] = {
        "program": program, "external_id": sale["external_id"], "amount": 12900, "currency": "EUR", "occurred_at": now,
    }  # fmt: skip
    conversion = Conversion.objects.create(**sold, referral=referral, recorded_at=now)
    touch = {"way": Touch.Way.DECIDED, "at": now, "order": sale["external_id"], "key": sale["external_id"]}
    Touch.objects.create(program=program, enrolment=place, referral=referral, **touch)
    Attribution.objects.create(
        **sold, conversion=conversion, enrolment=place, standing="decided", received_at=now, decided_at=now
    )
    Referral.objects.filter(pk=referral.pk).update(status=Referral.Status.CONVERTED, status_at=now)
    FollowUp.objects.filter(referral=referral, done_at=None).update(done_at=now, outcome="overtaken")
    for kind in (Event.Kind.REFERRAL_CONVERTED, Event.Kind.CONVERSION_RECORDED):
        sold_event = Event.objects.create(
            kind=kind, **whose, occurred_at=now, recorded_at=now, dedup_key=link_token()
        )
    for rule in RewardRule.objects.filter(program=program).select_related("incentive"):
        _promise(rule, referral, sold_event, whose, now)
    for purpose in (Purpose.SUCCESS_THANKS, Purpose.REWARD_PROMISED):
        Message.objects.create(
            key=link_token(), purpose=purpose, **whose, language="en", to_address=place.advocate.email,
            due_at=now, created_at=now,
        )  # fmt: skip


def _promise(
    rule: RewardRule, referral: Referral, because: Event, whose: dict[str, Any], now: datetime
) -> None:
    reward = Reward.objects.create(
        rule=rule, incentive=rule.incentive, side=rule.side, program=referral.program, referral=referral,
        enrolment=referral.enrolment, event=because, amount=4000, cost=4000, currency="EUR", due_at=now,
        status_at=now, created_at=now,
    )  # fmt: skip
    event = Event.objects.create(
        kind=Event.Kind.REWARD_PROMISED, **whose, occurred_at=now, recorded_at=now, dedup_key=link_token()
    )
    LedgerTransaction.objects.book(
        [
            Movement(
                event,
                reward.program_id,
                reward.pk,
                reward.enrolment_id,
                Account.BUDGET,
                Account.PROMISED,
                4000,
                "EUR",
            )
        ],
        now=now,
    )


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
