"""Lets a plan's running experiments differ from the plan, for the people of one batch."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from django.utils.translation import override

from campaigns.models import (
    Ask,
    ContactPolicy,
    Experiment,
    ExperimentArm,
    ExperimentSubject,
    Message,
    OutreachPlan,
    PlanStep,
)
from campaigns.services.contact_hours import next_allowed, zone_of
from referrals.services.tagging import put_tags


class Trial(NamedTuple):
    """A running experiment and its ways, in order of key."""

    experiment: Experiment
    arms: list[ExperimentArm]


class Trials:
    """The experiments of a plan, by step; one query for a plan without any, two otherwise."""

    def __init__(self, plan: OutreachPlan, *, now: datetime, policy: ContactPolicy) -> None:
        self.plan, self.now, self.policy = plan, now, policy
        self.joined: list[ExperimentSubject] = []

    @cached_property
    def by_step(self) -> dict[int, Trial]:
        running = self.plan.experiments.running().prefetch_related("arms__incentive", "arms__tag")
        return {
            experiment.position: Trial(experiment, sorted(experiment.arms.all(), key=lambda arm: arm.pk))
            for experiment in running
        }

    def vary(self, message: Message, ask: Ask, step: PlanStep) -> None:
        """Change the message as this person's way asks for."""
        trial = self.by_step.get(step.position)
        if trial is None or ask.referral_id:
            return
        arm = trial.experiment.draw(trial.arms, ask.advocate_id)
        self.joined.append(
            ExperimentSubject(
                experiment=trial.experiment, arm=arm, advocate_id=ask.advocate_id, ask=ask, joined_at=self.now
            )
        )
        message.variant = arm.variant or message.variant
        if arm.channel and arm.channel != message.channel:
            _by(message, ask, arm.channel)
        if arm.incentive:
            with override(message.language):
                message.context["advocate_offer"] = arm.incentive.told.name
        if arm.days_later or arm.hour is not None:
            message.due_at = self._moment(message.due_at, ask, arm)

    def save(self) -> None:
        """Write down who joined, and put on the tags that their ways ask for."""
        if not self.joined:
            return
        ExperimentSubject.objects.bulk_create(self.joined, ignore_conflicts=True, batch_size=200)
        tagged = [(row.advocate_id, row.arm.tag.name) for row in self.joined if row.arm.tag]
        if tagged:
            put_tags(tagged, now=self.now)

    def _moment(self, moment: datetime, ask: Ask, arm: ExperimentArm) -> datetime:
        zone = zone_of(ask.advocate, self.plan.program)
        local = (moment + timedelta(days=arm.days_later)).astimezone(zone)
        if arm.hour is not None:
            wished = local.replace(hour=arm.hour, minute=0, second=0, microsecond=0)
            local = wished if wished >= local else wished + timedelta(days=1)
        return next_allowed(local.astimezone(moment.tzinfo), zone, self.policy)


def _by(message: Message, ask: Ask, channel: str) -> None:
    """Send it by another way, where the person can be reached by it."""
    person = ask.advocate
    address, key = (person.phone, person.phone_key) if channel == "sms" else (person.email, person.email_key)
    if address:
        message.channel, message.to_address, message.to_key = channel, address, key
