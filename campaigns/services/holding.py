"""Why a message that is due does not leave, or not yet. Asked once more for each batch, just before sending."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from campaigns.channels import WAYS
from campaigns.models import (
    ASKED_FOR,
    OWED,
    TO_FRIEND,
    TO_STAFF,
    AlertChoice,
    Message,
    OutreachPlan,
    Purpose,
    Suppression,
)
from campaigns.services.digest import programs_of
from campaigns.services.pressure import Hold, Pressure
from campaigns.services.suppression import FRIENDS_ONLY
from referrals.models import Program, Referral

Status, Held = Message.Status, Message.Held
DAY = timedelta(days=1)
MAILS_A_DAY = 12
INVITATIONS_TO_ONE_PERSON, IN_DAYS = 3, timedelta(days=90)
SIGN_IN_LIVES = timedelta(minutes=10)


class Checks:
    """What a batch has to be checked against, in a few queries whatever its size."""

    def __init__(self, batch: Sequence[Message], *, now: datetime) -> None:
        self.now = now
        self.keys = {message.to_key for message in batch} - {""}
        self.leases = {message.lease for message in batch}
        self._suppressed = self._find_suppressed()
        self._mails_today: Counter[str] = Counter()
        self._invited: list[tuple[str, int | None, datetime | None]] = []
        self._read_history({message.pk for message in batch})
        self._programs_of = programs_of(
            {m.user_id for m in batch if m.purpose == Purpose.DIGEST and m.user_id}
        )
        self._room = self._find_room(
            {m.program_id: m.program for m in batch if m.purpose == Purpose.INVITATION and m.program}
        )
        self._pressure = Pressure(batch, now=now)
        self._unwanted = self._find_unwanted(batch)
        # Programs whose invitations had to wait for tomorrow.
        self.full: dict[int, Program] = {}

    def hold(self, message: Message) -> Hold | None:
        """Why this message stays here; None counts it as sent and lets it go."""
        found = (
            self._of_address(message)
            or self._of_digest(message)
            or self._of_program(message)
            or self._of_ask(message)
            or self._of_referral(message)
            or self._of_caps(message)
            or self._pressure.hold(message)
        )
        if found is None:
            self._count(message)
        return found

    def _of_address(self, message: Message) -> Hold | None:
        if not message.to_address:
            return Hold(Status.WITHHELD, Held.ADDRESS, _("There is no address to write to."))
        if message.channel not in WAYS:
            return Hold(Status.WITHHELD, Held.ADDRESS, _("Nothing leaves by this channel by itself."))
        if message.not_after and message.not_after < self.now:
            return Hold(Status.WITHHELD, Held.TOO_LATE, str(Held.TOO_LATE.label))
        if message.purpose == Purpose.SIGN_IN and message.created_at < self.now - SIGN_IN_LIVES:
            return Hold(Status.WITHHELD, Held.TOO_LATE, _("The code has expired."))
        if (message.user_id, message.purpose) in self._unwanted:
            return Hold(Status.WITHHELD, Held.TOPIC, _("They chose not to get this alert."))
        if message.purpose in ASKED_FOR | TO_STAFF:
            return None
        for program_id, reason in self._suppressed.get(message.to_key, []):
            concerned = message.purpose in TO_FRIEND or reason not in FRIENDS_ONLY
            if message.purpose in OWED and reason not in Suppression.FINAL:
                continue
            if concerned and program_id in {None, message.program_id}:
                return Hold(Status.WITHHELD, Held.SUPPRESSED, str(Suppression.Reason(reason).label))
        return None

    def _of_digest(self, message: Message) -> Hold | None:
        """A digest tells of programs that its reader may see now, whatever they could see when it was written."""
        if message.purpose != Purpose.DIGEST:
            return None
        theirs = self._programs_of.get(message.user_id or 0, set())
        told = [part for part in message.context["programs"] if part["id"] in theirs]
        message.context = message.context | {"programs": told}
        return (
            None if told else Hold(Status.WITHHELD, Held.SETTLED, _("They are no longer in these programs."))
        )

    def _of_program(self, message: Message) -> Hold | None:
        program = message.program
        if program is None or message.purpose != Purpose.INVITATION or program.is_live:
            return None
        if program.status == Program.Status.ENDED:
            return Hold(Status.WITHHELD, Held.PROGRAM, _("The program has ended."))
        later = self.now + timedelta(hours=1)
        return Hold(Status.QUEUED, Held.PROGRAM, _("The program is paused; this waits."), later)

    def _of_ask(self, message: Message) -> Hold | None:
        """What a plan wrote leaves only while plan and round go on."""
        ask, program = message.ask, message.program
        if ask is None:
            return None
        if ask.ended_at:
            return Hold(Status.WITHHELD, Held.SETTLED, str(ask.get_end_reason_display()))
        if ask.plan.status == OutreachPlan.Status.ENDED:
            return Hold(Status.WITHHELD, Held.PROGRAM, _("The plan has ended."))
        if ask.plan.is_live and (program is None or program.is_live):
            return None
        later = self.now + timedelta(hours=1)
        return Hold(Status.QUEUED, Held.PROGRAM, _("The plan is paused; this waits."), later)

    def _of_referral(self, message: Message) -> Hold | None:
        referral = message.referral
        if referral is None or message.purpose not in TO_FRIEND:
            return None
        if referral.erased_at:
            return Hold(Status.WITHHELD, Held.SUPPRESSED, str(Referral.Reason.ERASED.label))
        if message.purpose != Purpose.INVITATION:
            return None
        if referral.status == Referral.Status.UNDER_REVIEW:
            later = self.now + timedelta(hours=1)
            return Hold(Status.QUEUED, Held.PROGRAM, str(referral.get_status_display()), later)
        if not referral.is_open:
            reasons = dict(Referral.Reason.choices)
            why = reasons.get(referral.status_reason) or referral.get_status_display()
            return Hold(Status.WITHHELD, Held.SETTLED, str(why))
        return None

    def _of_caps(self, message: Message) -> Hold | None:
        if message.purpose == Purpose.INVITATION and (held := self._of_invitations(message)):
            return held
        if message.purpose in TO_STAFF or self._mails_today[message.to_key] < MAILS_A_DAY:
            return None
        if message.purpose in ASKED_FOR:
            return Hold(Status.WITHHELD, Held.DAY, _("This mailbox got too much mail today."))
        later = self.now + timedelta(hours=6)
        return Hold(Status.QUEUED, Held.DAY, _("This mailbox got enough mail today; this waits."), later)

    def _of_invitations(self, message: Message) -> Hold | None:
        theirs = [past[1:] for past in self._invited if past[0] == message.to_key]
        if any(program_id == message.program_id and at for program_id, at in theirs):
            return Hold(Status.WITHHELD, Held.INVITED, _("This person was invited to this program before."))
        if sum(at is not None and at > self.now - IN_DAYS for _p, at in theirs) >= INVITATIONS_TO_ONE_PERSON:
            return Hold(Status.WITHHELD, Held.INVITED, _("This person was invited often enough lately."))
        if any(at is None for _program, at in theirs):
            # Another worker is sending one this moment: look again when that is settled.
            wait = timedelta(minutes=1 + message.pk.int % 5)
            return Hold(Status.QUEUED, Held.INVITED, _("Another invitation is on its way."), self.now + wait)
        program = message.program
        if program and self._room[program.pk] <= 0:
            self.full[program.pk] = program
            return Hold(
                Status.QUEUED,
                Held.PROGRAM,
                _("The program's invitations for today are used up."),
                self.now + timedelta(hours=1),
            )
        return None

    def _count(self, message: Message) -> None:
        self._pressure.count(message)
        if message.purpose not in TO_STAFF:
            self._mails_today[message.to_key] += 1
        if message.purpose == Purpose.INVITATION:
            self._invited.append((message.to_key, message.program_id, self.now))
            if message.program_id:
                self._room[message.program_id] -= 1

    @staticmethod
    def _find_unwanted(batch: Sequence[Message]) -> set[tuple[int, str]]:
        """Alerts that staff chose not to get."""
        kinds = AlertChoice.PURPOSES.values()
        people = {message.user_id for message in batch if message.user_id and message.purpose in kinds}
        return AlertChoice.objects.unwanted_by(people) if people else set()

    def _find_suppressed(self) -> dict[str, list[tuple[int | None, str]]]:
        found: dict[str, list[tuple[int | None, str]]] = {}
        rows = Suppression.objects.filter(key__in=self.keys)
        for key, program_id, reason in rows.values_list("key", "program_id", "reason"):
            found.setdefault(key, []).append((program_id, reason))
        return found

    def _read_history(self, own: set[object]) -> None:
        invited = Q(purpose=Purpose.INVITATION) & (Q(sent_at__isnull=False) | Q(status=Status.SENDING))
        rows = Message.objects.filter(Q(sent_at__gt=self.now - DAY) | invited, to_key__in=self.keys)
        for pk, key, program_id, purpose, sent_at in rows.values_list(
            "pk", "to_key", "program_id", "purpose", "sent_at"
        ):
            if pk in own:
                continue
            if purpose == Purpose.INVITATION:
                self._invited.append((key, program_id, sent_at))
            if sent_at and sent_at > self.now - DAY and purpose not in TO_STAFF:
                self._mails_today[key] += 1

    def _find_room(self, programs: dict[int | None, Program]) -> Counter[int]:
        """How many invitations each program may still send: other workers' are taken as sent."""
        room = Counter({program.pk: program.invitations_a_day for program in programs.values()})
        if not room:
            return room
        invitations = Message.objects.filter(program__in=list(room), purpose=Purpose.INVITATION)
        # Two questions, because each has its own index, and an “or” of both has none.
        for gone in (
            invitations.filter(sent_at__gt=self.now - DAY),
            invitations.filter(status=Status.SENDING, sent_at=None).exclude(lease__in=self.leases),
        ):
            room.subtract(dict(gone.values_list("program_id").annotate(count=Count("pk")).order_by()))
        return room
