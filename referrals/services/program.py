from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from referrals.models import Channel, Membership, Program
from referrals.services.membership import regroup


def open_program(program: Program, *, by: Any) -> None:
    """What a new program begins with: the usual ways to share, and its maker as its manager."""
    with transaction.atomic():
        Channel.objects.bulk_create(
            [
                Channel(program=program, slug=slug, name=name, position=position)
                for position, (slug, name) in enumerate(_usual_channels(), start=1)
            ],
            ignore_conflicts=True,
        )
        if not by.is_superuser:
            Membership.objects.get_or_create(
                user=by, program=program, defaults={"role": Membership.Role.MANAGER}
            )
            regroup([by])


def _usual_channels() -> list[tuple[str, str]]:
    return [
        ("email", _("E-mail")),
        ("sms", _("Text message")),
        ("whatsapp", "WhatsApp"),
        ("linkedin", "LinkedIn"),
        ("qr", _("QR code")),
        ("person", _("In person")),
    ]
