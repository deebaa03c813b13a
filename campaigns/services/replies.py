"""What people answer to a text message: stop, start, help, or something for a person to read."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from campaigns.models import Message, MessageChannel, Purpose, Suppression
from campaigns.services.outbox import queue
from campaigns.services.suppression import suppress
from referrals.contacts import phone_key
from referrals.models import Advocate, Event
from referrals.tokens import link_token

STOP = {
    "stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt-out", "stopp", "stopper",
    "arret", "arrêt", "arrêter", "basta", "cancella", "fine", "alto", "baja", "parar", "cancelar", "afmelden",
    "stoppen", "стоп", "отписка", "отписаться", "хватит",
}  # fmt: skip
# Words of other meanings, too: they stop only when they stand alone.
AMBIGUOUS = {"fine", "end", "cancel", "quit", "alto", "parar", "cancelar", "cancella", "basta"}
START = {"start", "unstop", "yes", "inizia", "iniciar", "alta", "aanmelden", "reprendre", "старт"}
HELP = {"help", "info", "aiuto", "ayuda", "aide", "hulp", "помощь", "инфо"}


def take_reply(sender: str, text: str, *, now: datetime) -> str:
    """Do what somebody's text asks for, at once. Returns what to answer, in their language; often nothing."""
    key = phone_key(sender)
    last = Message.objects.filter(to_key=key, channel=MessageChannel.SMS).select_related(
        "program", "advocate"
    )
    message = last.order_by("-created_at").first()
    if message is None:
        # A stranger: nothing to stop, and whoever writes to strangers is answered by nobody.
        return ""
    word = _first_word(text)
    with override(message.language), transaction.atomic():
        alone = len(text.split()) == 1
        # “Fine, I will ask him” and “Cancel my order” are for a person to read.
        if word in STOP and (alone or word not in AMBIGUOUS):
            return _stop(message, key, now)
        if word in START and alone and _stopped(key).exists():
            return _start(message, key, now)
        if word in HELP and alone:
            return _("%(company)s writes to you about recommendations. STOP to end.") % _names(message)
        _pass_on(message, text, now)
    return ""


def _stop(message: Message, key: str, now: datetime) -> str:
    if not _stopped(key).filter(reason=Suppression.Reason.UNSUBSCRIBED).exists():
        _record(message, Event.Kind.UNSUBSCRIBED, now)
    suppress(key, None, Suppression.Reason.UNSUBSCRIBED, now=now)
    return _("You get no more text messages from %(company)s. START to get them again.") % _names(message)


def _start(message: Message, key: str, now: datetime) -> str:
    if _stopped(key).delete()[0]:
        _record(message, Event.Kind.PREFERENCES_CHANGED, now)
    return _("You get text messages from %(company)s again. STOP to end.") % _names(message)


def _pass_on(message: Message, text: str, now: datetime) -> None:
    """Something that only a person can answer goes to whoever looks after them."""
    owner = (message.advocate.owner if message.advocate else None) or (
        message.program.owner if message.program else None
    )
    if owner is None or not owner.email:
        return
    notice = Message(
        key=f"reply:{link_token()}", purpose=Purpose.STAFF_NOTICE, program=message.program, user=owner,
        advocate=message.advocate, to_name=owner.get_full_name()[:60], to_address=owner.email, language="en",
        context={
            "subject": _("%(name)s answered a text message") % {"name": message.to_name or message.to_address},
            "body": text[:1000],
        },
    )  # fmt: skip
    queue([notice], now=now)


def _stopped(key: str) -> QuerySet[Suppression]:
    # Whoever writes is there, whatever a provider said about the number before.
    reasons = (Suppression.Reason.UNSUBSCRIBED, Suppression.Reason.BOUNCED)
    return Suppression.objects.filter(key=key, program=None, reason__in=reasons)


def _record(message: Message, kind: str, now: datetime) -> None:
    advocate = Advocate.objects.filter(phone_key=message.to_key).first()
    if advocate:
        event = Event(
            kind=kind, program=message.program, advocate=advocate, occurred_at=now, data={"by": "sms"}
        )
        Event.objects.record([event], now=now)


def _names(message: Message) -> dict[str, str]:
    return {"company": message.program.company if message.program else _("us")}


def _first_word(text: str) -> str:
    words = text.casefold().replace("opt out", "optout").split()
    return words[0].strip(".,!?\"'«»“”") if words else ""
