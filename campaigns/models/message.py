from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from campaigns.models.ask import Ask
from campaigns.models.suppression import Suppression
from campaigns.models.template import OWED, TO_FRIEND, TO_STAFF, MessageChannel, Purpose
from referrals.many import save_many
from referrals.models import Advocate, Program, Referral
from referrals.models.program import ScopedQuerySet
from referrals.tokens import link_token


class MessageQuerySet(ScopedQuerySet):
    def due(self, now: datetime) -> "MessageQuerySet":
        return self.filter(status=Message.Status.QUEUED, due_at__lte=now)

    def abandoned(self, now: datetime) -> "MessageQuerySet":
        """Claimed by a worker that never came back to say how it went."""
        return self.filter(status=Message.Status.SENDING, lease_until__lt=now)

    def save_claimed(self, rows: Sequence["Message"], columns: Sequence[str], *, waits: bool = True) -> int:
        """Save these columns of rows that somebody has claimed, as long as nobody took the claim away;
        returns how many. ``waits`` as in save_many."""
        return save_many(rows, columns, keys=("id", "lease"), waits=waits)

    def with_what_may_hold_back(self) -> "MessageQuerySet":
        """With those columns of referral, advocate and ask that are asked for at the moment of sending."""
        own = [field.name for field in Message._meta.concrete_fields]
        return self.select_related("referral", "advocate", "ask").only(
            *own, "referral__status", "referral__status_reason", "referral__erased_at", "advocate__email",
            "advocate__phone", "advocate__timezone", "ask__plan", "ask__ended_at", "ask__end_reason",
        )  # fmt: skip

    def waiting(self) -> "MessageQuerySet":
        """What has not left yet and still may: by itself, or by somebody's hand."""
        return self.filter(status__in=[Message.Status.QUEUED, Message.Status.BY_HAND])

    def gone_since(self, moment: datetime) -> "MessageQuerySet":
        """What has left since then, or is leaving just now, with when as ``gone_at``."""
        at = Coalesce("sent_at", Case(When(status=Message.Status.KEPT, then="due_at")))
        gone = has_left_since(moment) | Q(status=Message.Status.SENDING)
        return self.filter(gone).annotate(gone_at=at)

    def left(self) -> "MessageQuerySet":
        return self.filter(has_left())

    def held_back(self) -> "MessageQuerySet":
        """What did not leave when it was due; some of it left later."""
        return self.exclude(held_at=None)

    def owed_undelivered(self) -> "MessageQuerySet":
        """Rewards that were handed out and did not reach their owner, and of which nobody has said that they were
        brought in another way. Who asked to be forgotten is owed nothing more."""
        gone = Q(status__in=[Message.Status.WITHHELD, Message.Status.BOUNCED])
        forgotten = Suppression.objects.filter(key=OuterRef("to_key"), reason=Suppression.Reason.ERASED)
        rows = self.filter(gone, ~Exists(forgotten), purpose__in=OWED).exclude(to_address="")
        return rows.exclude(held_for__in=[Message.Held.STAFF, Message.Held.SETTLED])

    def needing_attention(self) -> "MessageQuerySet":
        """What did not arrive, or may not have, and what only a person can decide about."""
        return self.filter(status__in=[Message.Status.FAILED, Message.Status.UNKNOWN])


def has_left() -> Q:
    """Of messages that have left or may have; or would have, if mail did not stay here."""
    return Q(sent_at__isnull=False) | Q(status=Message.Status.KEPT)


def has_left_since(moment: datetime) -> Q:
    """The same since then: what stays here counts from when it was due, so that every rule holds without a server."""
    return Q(sent_at__gte=moment) | Q(status=Message.Status.KEPT, sent_at=None, due_at__gte=moment)


def keep_what_was_sent(collector: Any, field: Any, rows: Any, using: str) -> None:
    """Whose account is deleted gets nothing more; what they sent to customers counts on, without their name."""
    kept = rows.exclude(purpose__in=TO_STAFF).filter(has_left())
    models.SET_NULL(collector, field, kept, using)
    models.CASCADE(collector, field, rows.exclude(pk__in=kept.values("pk")), using)


class Message(models.Model):
    """The outbox: what is to leave the building, is leaving, or has left. Written with what caused it."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        KEPT = "kept", _("kept here (no mail server is set up)")
        WITHHELD = "withheld", _("held back")
        BOUNCED = "bounced", _("address does not exist")
        FAILED = "failed", _("given up")
        UNKNOWN = "unknown", _("may have arrived")
        BY_HAND = "by_hand", _("to be sent by hand")

    class Held(models.TextChoices):
        """Why something that was due did not leave."""

        QUIET = "quiet", _("quiet hours where they are")
        WEEK = "week", _("enough in one week")
        MONTH = "month", _("enough in one month")
        DAY = "day", _("enough in one day")
        PAUSED = "paused", _("they asked for a pause")
        TOPIC = "topic", _("they do not want this kind of message")
        CHANNEL = "channel", _("they do not want to be written to this way")
        SUPPRESSED = "suppressed", _("on the list of suppressed mailboxes")
        TOO_LATE = "too_late", _("it would have come too late")
        INVITED = "invited", _("invited before, or often enough")
        PROGRAM = "program", _("the program does not send now")
        SETTLED = "settled", _("there is no reason for it any more")
        ADDRESS = "address", _("there is no way to reach them")
        STAFF = "staff", _("held back by staff")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # What makes this message this message: the same cause queued twice is one row.
    key = models.CharField(max_length=120, unique=True)
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose)
    channel = models.CharField(
        _("channel"), max_length=10, choices=MessageChannel, default=MessageChannel.EMAIL
    )
    # Their indexes stand below: each row is written three times, and every index with it.
    program = models.ForeignKey(
        Program, models.PROTECT, null=True, blank=True, db_index=False, verbose_name=_("program")
    )
    advocate = models.ForeignKey(
        Advocate, models.SET_NULL, null=True, blank=True, db_index=False, verbose_name=_("advocate"),
        related_name="messages",
    )  # fmt: skip
    referral = models.ForeignKey(
        Referral, models.SET_NULL, null=True, blank=True, verbose_name=_("referral"), related_name="messages"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, keep_what_was_sent, null=True, blank=True, db_index=False,
        verbose_name=_("staff member"),
    )  # fmt: skip
    ask = models.ForeignKey(
        Ask, models.SET_NULL, null=True, blank=True, db_index=False, verbose_name=_("ask"),
        related_name="messages",
    )  # fmt: skip
    to_name = models.CharField(_("name"), max_length=60, blank=True)
    # An e-mail address, or a phone number in international form, as the channel has it.
    to_address = models.CharField(_("to"), max_length=254, blank=True)
    to_key = models.CharField(max_length=32, blank=True, editable=False)
    contact_kind = models.CharField(max_length=15, blank=True, editable=False)
    # Which of several wordings; empty: the usual one.
    variant = models.CharField(max_length=20, blank=True, editable=False)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES)
    context = models.JSONField(
        default=dict, blank=True, help_text=_("The values of the placeholders: plain text and numbers.")
    )
    # In the unsubscribe link; says nothing about the person.
    token = models.CharField(max_length=40, unique=True, default=link_token, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    due_at = models.DateTimeField(_("due"))
    not_after = models.DateTimeField(
        _("not after"), null=True, blank=True, help_text=_("Later than this it is not worth sending.")
    )
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    lease = models.UUIDField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    text = models.TextField(_("text"), blank=True)
    html = models.TextField(blank=True)
    reason = models.CharField(
        _("what happened"),
        max_length=300,
        blank=True,
        help_text=_("The server's answer, or why it was held back."),
    )
    held_for = models.CharField(_("held back for"), max_length=10, choices=Held, blank=True)
    held_at = models.DateTimeField(_("held back"), null=True, blank=True)
    created_at = models.DateTimeField(_("written"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    delivered_at = models.DateTimeField(
        _("delivered"), null=True, blank=True, help_text=_("As the provider reports it; few do.")
    )
    # The provider's own number of it, by which it reports what became of it.
    reference = models.CharField(max_length=120, blank=True, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("outbox")
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="sent") | Q(sent_at__isnull=False), name="message_sent_has_a_time"
            ),
            models.CheckConstraint(
                condition=~Q(status="sending") | Q(lease_until__isnull=False),
                name="message_sending_has_a_lease",
            ),
        ]
        indexes = [
            # what the worker claims next, in its order: a whole plan's messages may be due at one moment
            models.Index(fields=["due_at", "id"], condition=Q(status="queued"), name="message_due"),
            # those of them that somebody waits for, first of all
            models.Index(
                fields=["due_at"],
                condition=Q(status="queued", purpose__in=["confirm", "sign_in"]),
                name="message_asked_for",
            ),
            # leases that ran out
            models.Index(fields=["lease_until"], condition=Q(status="sending"), name="message_lease"),
            # everything one mailbox got: the caps at sending, and unsubscribing
            models.Index(fields=["to_key", "sent_at"], name="message_to"),
            # what one person got unasked within a month, by whichever way
            models.Index(fields=["advocate", "sent_at"], name="message_advocate"),
            # the log of what was held back, newest first
            models.Index(fields=["-held_at"], condition=Q(held_at__isnull=False), name="message_held"),
            # a provider's report about one message
            models.Index(fields=["reference"], condition=~Q(reference=""), name="message_reference"),
            # what a round has sent, and what of it waits
            models.Index(fields=["ask"], condition=Q(ask__isnull=False), name="message_ask"),
            # what goes with a staff member who is deleted
            models.Index(fields=["user"], condition=Q(user__isnull=False), name="message_user"),
            # what somebody has to send by hand, oldest first
            models.Index(fields=["user", "due_at"], condition=Q(status="by_hand"), name="message_by_hand"),
            # invitations of a program within a day; the admin list
            models.Index(fields=["program", "purpose", "sent_at"], name="message_program_purpose"),
            models.Index(fields=["-created_at"], name="message_newest"),
            # what did not arrive, or may not have: the first page of the back office, and its list
            models.Index(
                fields=["-created_at"], condition=Q(status__in=["failed", "unknown"]), name="message_trouble"
            ),
        ]

    def __str__(self) -> str:
        return self.subject or str(self.get_purpose_display())

    @property
    def own_words(self) -> dict[str, str] | None:
        """``subject`` and ``body``, where somebody of ours (``user``) wrote them for this one reader: plain text, in
        which placeholders may stand."""
        return self.context.get("own_words")

    @property
    def is_to_advocate(self) -> bool:
        return self.advocate_id is not None and self.purpose not in TO_FRIEND | TO_STAFF

    @property
    def message_id(self) -> str:
        """The Message-ID header; the same at every attempt, so that a mailbox can tell a repeat."""
        domain = settings.BASE_URL.partition("://")[2].partition(":")[0]
        return f"<{self.pk}@{domain}>"
