"""Load on services, and the yardstick of delivery."""

from datetime import timedelta
from time import monotonic, perf_counter

from django.core.mail import get_connection

from campaigns.bench.fill import NOW
from campaigns.bench.load import PROCESSES
from campaigns.channels.mail import build_mail
from campaigns.models import ContactPolicy, Message, MessageTemplate, Purpose
from campaigns.services.delivery import claim, deliver
from referrals.models import Program, Referral
from referrals.services.conversion import record_conversion

# Budgets are looked up all the same.
MANY = 30_000


def convert(label: str, number: int, seconds: float) -> list[float]:
    """Milliseconds of each sale to an open referral, of ``one`` advocate or of ``many``."""
    open_ones = Referral.objects.open().filter(email__startswith=label).order_by("pk")
    mine = [row for row in open_ones if row.pk % PROCESSES == number % PROCESSES]
    times = []
    stop = monotonic() + seconds
    for row in mine:
        if monotonic() > stop:
            break
        start = perf_counter()
        record_conversion(row, external_id=f"order-{row.pk}", amount=12900, currency="EUR", now=NOW)
        times.append((perf_counter() - start) * 1000)
    return times


def deliver_queue(number: int, seconds: float) -> list[float]:
    """Milliseconds a message, batch by batch, of delivering what is due."""
    times: list[float] = []
    stop = monotonic() + seconds
    while monotonic() < stop:
        start = perf_counter()
        if not (batch := claim(now=NOW)):
            break
        deliver(batch, now=NOW, stop_at=stop + 60)
        times += [(perf_counter() - start) * 1000 / len(batch)] * len(batch)
    return times


def send_only(number: int, seconds: float) -> list[float]:
    """Milliseconds of each message as it was delivered, only built and sent over one open connection."""
    sent = Message.objects.exclude(text="").select_related("program").order_by("pk")
    times = []
    stop = monotonic() + seconds
    with get_connection() as connection:
        for message in sent[number::PROCESSES]:
            if monotonic() > stop:
                break
            start = perf_counter()
            build_mail(message, connection).send()
            times.append((perf_counter() - start) * 1000)
    return times


def requeue() -> int:
    """Put every invitation back into the queue, as if it had never been tried; nothing else is in it."""
    Message.objects.exclude(purpose__in=[Purpose.INVITATION, Purpose.ASK]).delete()
    return Message.objects.update(
        status=Message.Status.QUEUED, lease=None, lease_until=None, attempts=0, sent_at=None, subject="",
        text="", html="", reason="", due_at=NOW - timedelta(minutes=1),
    )  # fmt: skip


def requeue_as_asks() -> int:
    """The same messages as something nobody asked for, so that each is checked against its reader's budget."""
    count = requeue()
    bank = MessageTemplate.objects.for_message(Purpose.INVITATION, program=None, language="en")[0]
    for program in Program.objects.all():
        words = {"subject": bank.subject, "body": bank.body}
        MessageTemplate.objects.get_or_create(
            program=program, purpose=Purpose.ASK, language="en", defaults=words
        )
    ContactPolicy.objects.update(per_week=MANY, per_month=MANY)
    Message.objects.update(purpose=Purpose.ASK)
    return count


def count_sent() -> int:
    return Message.objects.filter(status=Message.Status.SENT).count()
