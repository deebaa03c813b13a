"""Tells managers in time that somebody's rewards will have to be reported."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from campaigns.links import link_to_desk
from campaigns.services.notices import alert_staff
from campaigns.services.shortages import managers_of
from referrals.money import format_money
from rewards.services.tax import Nearing, nearing


def warn_of_taxes(*, now: datetime) -> int:
    """Write to the managers once a year about each advocate who comes near a threshold. Repeatable; returns to
    how many it was written, or had been."""
    found = nearing(now=now)
    managers = managers_of([one.place.program_id for one in found])
    written = 0
    for one in found:
        for user in managers[one.place.program_id]:
            _warn(one, user, now)
            written += 1
    return written


def _warn(one: Nearing, user: object, now: datetime) -> None:
    place, threshold = one.place, one.threshold
    with override(place.program.language):
        words = {
            "who": place.advocate,
            "total": format_money(one.total, threshold.currency),
            "threshold": format_money(threshold.amount, threshold.currency),
            "country": threshold.country,
            "link": link_to_desk(f"referrals/enrolment/{place.pk}/change/"),
        }
        subject = _("%(country)s: the rewards of one advocate will have to be reported") % words
        body = (
            _(
                "Rewards of %(who)s come to %(total)s this year. From %(threshold)s on, %(country)s wants to be told, "
                "and whatever comes on top waits until the papers are in.\n\nAsk for them now, and note it here:\n\n"
                "%(link)s"
            )
            % words
        )
    key = f"tax:{place.pk}:{threshold.year}:{getattr(user, 'pk', '')}"
    alert_staff(user, key=key, program=place.program, subject=subject, body=body, now=now)
