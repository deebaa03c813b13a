"""What a claim ends with besides yes and no, and what the advocate hears of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from campaigns.links import link_to
from campaigns.models import Message, Purpose
from campaigns.services import outbox
from campaigns.services.notices import to_advocate
from campaigns.services.standing import GOOD, OVER, WAITING, Standing, ask_us
from referrals.models import Claim, Event
from referrals.transitions import Moved
from rewards.models import Incentive
from rewards.services.goodwill import give_goodwill

Status, Reason = Claim.Status, Claim.Reason


def settle_with_goodwill(
    claims: Any, *, incentive: Incentive, now: datetime, by: Any, note: str = ""
) -> Moved:
    """Give the advocate something although the friend does not count for them. Raises Refused when nothing
    is left for it."""
    with transaction.atomic():
        moved: Moved = claims.advance(Status.GOODWILL, now=now, by=by, note=note)
        for claim in moved.moved:
            give_goodwill(claim.enrolment, incentive, key=f"claim:{claim.pk}", note=note, now=now, by=by)
    return moved


def of_claim(claim: Claim) -> Standing:
    """Where a claim stands, in the words of whoever made it."""
    names = {"friend": claim.first_name}
    match claim.status:
        case Status.OPEN:
            return Standing(
                WAITING, _("Being looked at"), _("You told us that you recommended us to %(friend)s.") % names,
                _("A person reads it, and you hear from us."),
            )  # fmt: skip
        case Status.ACCEPTED:
            return Standing(
                GOOD, _("Yours"), _("You were right: %(friend)s counts as your recommendation.") % names,
                _("What comes of it stands among your friends."),
            )  # fmt: skip
        case Status.GOODWILL:
            return Standing(
                GOOD, _("Thank you"), _("%(friend)s came to us by somebody else as well.") % names,
                _("To thank you all the same, we give you something; it stands among your rewards."),
            )  # fmt: skip
    return Standing(OVER, _("Does not count"), _why_rejected(claim) % names, ask_us())


def write_claim_notices(events: Sequence[Event], *, now: datetime) -> None:
    """Tell advocates what became of their claims."""
    decided = {event.data["claim"]: event for event in events if event.kind == Event.Kind.CLAIM_DECIDED}
    if decided:
        claims = Claim.objects.exclude(status=Status.OPEN).filter(pk__in=decided)
        rows = claims.select_related("enrolment__advocate", "enrolment__program", "referral")
        outbox.queue(_messages(rows, decided), now=now)


def _messages(claims: Iterable[Claim], events: dict[int, Event]) -> Iterable[Message]:
    for claim in claims:
        message = to_advocate(
            Purpose.CLAIM_NEWS, claim.enrolment, claim.referral, friend_first_name=claim.first_name,
            link=link_to("portal"),
        )  # fmt: skip
        message.key = f"{Purpose.CLAIM_NEWS}:{events[claim.pk].pk}"
        with override(message.language):
            standing = of_claim(claim)
            accepted = "yes" if claim.status in (Status.ACCEPTED, Status.GOODWILL) else ""
            message.context |= {"accepted": accepted, "why": standing.why, "next_step": standing.then}
        yield message


def _why_rejected(claim: Claim) -> str:
    reasons = {
        Reason.UNKNOWN: _("We looked, and nobody called %(friend)s has come to us yet."),
        Reason.CUSTOMER: _("%(friend)s was with us already, so this one cannot count."),
        Reason.OTHER_FIRST: _("Somebody else had brought %(friend)s to us, so this one cannot count."),
        Reason.TOO_LATE: _("It was too long ago for us to count it."),
        Reason.OWN: _("It is your own account, so it cannot count."),
    }
    return reasons.get(Reason(claim.status_reason)) or "" if claim.status_reason else _("It cannot count.")
