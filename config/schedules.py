"""What the clock starts, and how often. ``manage.py sync`` makes the database equal to this table.

Each service does all that is due at the moment it is given, and may run at any time, twice or late.
"""

from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import Schedule


class Scheduled(NamedTuple):
    """A service and the minutes between two of its runs."""

    name: str
    service: str
    minutes: int

    def run(self, *, now: datetime) -> Any:
        return import_string(self.service)(now=now)


SCHEDULES = (
    Scheduled("Show that the worker is alive", "campaigns.services.heartbeat.beat", 1),
    Scheduled("Add up what people did", "referrals.services.summary.renew_summaries", 1),
    Scheduled("Find whom to ask next", "referrals.services.finder.rescore_due", 5),
    Scheduled("Count the people in segments", "referrals.services.segment.size_segments", 60),
    Scheduled("Take the steps of plans that are due", "campaigns.services.planner.plan_due", 1),
    Scheduled("Deliver messages", "campaigns.services.delivery.deliver_due", 1),
    Scheduled("Pass on the calls of who is away", "referrals.services.assignment.pass_on_calls", 5),
    Scheduled("Alert whoever calls", "campaigns.services.call_alerts.alert_callers", 5),
    Scheduled("Write digests", "campaigns.services.digest.write_digests", 5),
    Scheduled("Read files of people and events", "campaigns.services.imports.work_off", 1),
    Scheduled("Release rewards whose waiting time is over", "rewards.services.reward.release_rewards", 10),
    Scheduled("Ask other systems to hand rewards out", "rewards.services.fulfilment.call_fulfilment", 1),
    Scheduled("Remind of what expires", "campaigns.services.reward_notices.remind_expiring", 360),
    Scheduled("Tell what became of recommendations", "campaigns.services.regular_mail.tell_progress", 360),
    Scheduled("Remind of rewards that wait", "campaigns.services.regular_mail.remind_of_rewards", 360),
    Scheduled("Thank for another year", "campaigns.services.regular_mail.thank_for_years", 360),
    Scheduled("Thank whoever brought many", "campaigns.services.regular_mail.thank_personally", 60),
    Scheduled("Promise what was waited for", "rewards.services.reward.promise_waiting", 10),
    Scheduled("Begin budgets anew", "rewards.services.budget.renew_budgets", 60),
    Scheduled("Collect the entries of contests", "rewards.services.contest.collect_entries", 10),
    Scheduled("Tell managers what has run out", "campaigns.services.shortages.tell_of_shortages", 60),
    Scheduled("Warn of rewards to be reported", "campaigns.services.tax_warnings.warn_of_taxes", 1440),
    Scheduled("Let people come down the ladder", "rewards.services.tier.refresh_standings", 60),
    Scheduled("Record anniversaries", "rewards.services.anniversary.record_anniversaries", 360),
    Scheduled("Check the ledger", "rewards.services.audit.check_ledger", 1440),
    Scheduled("Learn whom new people resemble", "referrals.services.likeness.find_likenesses", 10),
    Scheduled("Tell other systems what happened", "referrals.services.webhook.tell_systems", 1),
    Scheduled("Forget what other systems said", "referrals.services.hook.forget_hook_calls", 1440),
    Scheduled("Forget what other systems were told", "referrals.services.webhook.forget_calls", 1440),
    Scheduled("Forget what has expired", "referrals.services.expiry.forget_expired", 60),
)


def run(name: str) -> None:
    """The task: do now what stands under this name."""
    for row in SCHEDULES:
        if row.name == name:
            row.run(now=timezone.now())


@transaction.atomic
def sync_schedules(*, now: datetime) -> None:
    """Make django-q2's rows equal to the table. A row that stays keeps its next run."""
    Schedule.objects.exclude(name__in=[row.name for row in SCHEDULES]).delete()
    for row in SCHEDULES:
        wanted = {
            "func": "config.schedules.run", "args": repr(row.name),
            "schedule_type": Schedule.MINUTES, "minutes": row.minutes, "repeats": -1,
            "kwargs": None, "hook": None, "cron": None,
        }  # fmt: skip
        Schedule.objects.update_or_create(
            name=row.name, defaults=wanted, create_defaults=wanted | {"next_run": now}
        )
