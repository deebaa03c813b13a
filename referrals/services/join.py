from datetime import datetime

from django.db import transaction

from referrals.models import Click, Enrolment, Referral
from referrals.services.referral import Friend, accept, queue_up, submit_referrals
from referrals.visitors import Client


def join_by_link(
    enrolment: Enrolment, friend: Friend, *, agreement: str, click: Click | None, now: datetime,
    client: Client | None = None,
) -> None:  # fmt: skip
    """Somebody who came by an advocate's link leaves their details. Repeatable: a friend whom this
    advocate has named before, or who comes twice, says yes to that recommendation.

    Raises Refused with a sentence when the friend's data has been deleted at their wish.
    """
    with transaction.atomic():
        # A double click queues up here, and the second finds what the first has stored.
        queue_up(enrolment, [friend])
        named = (
            enrolment.referrals.about(email_keys=friend.keys, phone_keys=friend.keys).order_by("pk").first()
        )
        if named:
            accept(named, agreement=agreement, phone=friend.phone, note=friend.note, now=now, client=client)
            return
        submit_referrals(
            enrolment, [friend], agreement=agreement, source=Referral.Source.LINK,
            channel=click.channel if click else None, click=click, client=client, now=now,
        )  # fmt: skip
