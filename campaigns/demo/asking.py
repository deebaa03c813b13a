"""The company's plans for asking, an experiment on one of them, and the systems around it."""

from datetime import datetime, timedelta
from typing import Any

from campaigns.models import Ask, Experiment, ExperimentArm
from campaigns.services.asks import record_click, sign
from campaigns.services.experiment import start
from campaigns.services.plan import go_live
from campaigns.services.planner import plan_due
from campaigns.starters import STARTERS, begin_with
from referrals.hooks.presets import PRESETS
from referrals.models import (
    Enrolment,
    HookDelivery,
    HookMapping,
    HookSource,
    Program,
    SiteWidget,
    WebhookEndpoint,
)
from referrals.services.hook import take_part
from referrals.tokens import signing_secret

CALLS = (
    ("1041", "order.paid", {"order": "FS-1041", "amount": 12900, "email": "shop@customer.example"}),
    ("1042", "order.refunded", {"order": "FS-1042", "reason": "Wrong size"}),
    ("1043", "order.paid", {"order": "FS-1043", "amount": "12,900", "email": "shop@customer.example"}),
    ("1044", "basket.left", {"customer": "C-77"}),
)


def begin_plans(program: Program, by: Any, now: datetime) -> None:
    """One plan is live and tries two wordings, one is for friends who are not ready; another is still a draft."""
    starters = {starter.slug: starter for starter in STARTERS}
    begin_with(starters["seven-touches"], program, now=now, by=by)
    go_live(begin_with(starters["nurture"], program, now=now, by=by), typed=None, now=now, by=by)
    plan = begin_with(starters["promoters"], program, now=now, by=by)
    go_live(plan, typed=None, now=now, by=by)
    question = Experiment.objects.create(
        plan=plan, name="Does a shorter mail bring more?", baseline=30, smallest=30
    )
    for name, variant in (("As usual", ""), ("Short", "short")):
        ExperimentArm.objects.create(experiment=question, name=name, variant=variant)
    start(Experiment.objects.filter(pk=question.pk), now=now, by=by)


def run_plans(now: datetime) -> None:
    plan_due(now=now)


def come_by_the_ask(enrolment: Enrolment, now: datetime) -> None:
    """Whoever is being asked and names a friend has opened the link of the ask first."""
    for ask in Ask.objects.running().filter(advocate=enrolment.advocate_id, touches__gt=0):
        record_click(sign(ask.pk), enrolment.advocate_id, now=now)


def connect_systems(program: Program, by: Any, now: datetime) -> None:
    """The shop tells what it sold; the CRM is told what happens, or would be: it is switched off."""
    preset = PRESETS["own"]
    shop = HookSource(program=program, name="Fernhollow web shop", slug="fernhollow-shop", last_at=now)
    shop.scheme, shop.type_at, shop.id_at = preset.scheme, preset.type_at, preset.id_at
    shop.set_secret(signing_secret(), now=now - timedelta(days=30))
    shop.save()
    HookMapping.objects.bulk_create(
        HookMapping(source=shop, says=says, **meaning) for says, meaning in preset.mappings.items()
    )
    for number, says, data in CALLS:
        take_part(shop, number, says, {"type": says, "data": data}, now=now)
    HookDelivery.objects.filter(source=shop, key="1041").update(times=2)
    WebhookEndpoint.objects.create(
        program=program, name="Fernhollow CRM", url="https://crm.fernhollow.example/goodword", owner=by,
        kinds=["referral.submitted", "referral.converted"], collected_until=now, disabled_at=now,
    )  # fmt: skip
    SiteWidget.objects.create(program=program, origins="https://fernhollow.example")
