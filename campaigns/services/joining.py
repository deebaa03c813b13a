"""A friend who comes without a link: taken in, and a person told where it is not clear who told them."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from campaigns.links import link_to_desk
from campaigns.services.notices import alert_staff, who_calls
from referrals.models import Mention, Program
from referrals.services.join import join_by_mention
from referrals.services.known import Friend
from referrals.visitors import Client


def take_in(
    program: Program, friend: Friend, *, agreement: str, now: datetime, client: Client | None = None
) -> None:
    """Whoever is named exactly by one advocate's name or code is that advocate's; any other waits for a person."""
    with transaction.atomic():
        mention = join_by_mention(program, friend, agreement=agreement, now=now, client=client)
        if mention:
            _alert(mention, program, now)


def _alert(mention: Mention, program: Program, now: datetime) -> None:
    staff = who_calls(program, program.owner_id)
    if staff is None:
        return
    with override(program.language):
        subject = _("%(friend)s wants to be called, and says that somebody told them") % {"friend": mention}
        body = _(
            "They wrote “%(told_by)s”. That is nobody of ours, or several people. Call them, ask, and say whose "
            "friend they are:\n\n%(link)s"
        ) % {
            "told_by": mention.told_by,
            "link": link_to_desk(f"referrals/mention/{mention.pk}/change/"),
        }
    alert_staff(staff, key=f"mention:{mention.pk}", program=program, subject=subject, body=body, now=now)
