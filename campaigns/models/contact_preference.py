from collections.abc import Iterable

from django.db import models
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from campaigns.models.message import Message
from campaigns.models.template import TOPIC_OF, MessageChannel, Topic
from referrals.contacts import email_key, phone_key
from referrals.models import Advocate


class ContactPreferenceQuerySet(models.QuerySet["ContactPreference"]):
    def of(self, advocate: Advocate) -> "ContactPreference":
        """What this person has chosen; what everybody gets, if they never chose."""
        keys = keys_of(advocate)
        found = self.filter(Q(advocate=advocate) | Q(key__in=keys)).order_by("-changed_at").first()
        return found or ContactPreference(advocate=advocate, key=keys[0] if keys else "")

    def refusing(self, topic: Topic) -> "ContactPreferenceQuerySet":
        """Whoever does not want to hear of this."""
        # SQLite cannot look into a list.
        return self.alias(said=Cast("refused", TextField())).filter(said__contains=f'"{topic}"')

    def not_by(self, channel: str) -> "ContactPreferenceQuerySet":
        """Whoever does not allow this way; what ``allows_way()`` says of one."""
        ways = ContactPreference.Way
        return self.filter(
            way__in=[way for way in ways if not ContactPreference(way=way).allows_way(channel)]
        )

    def for_messages(self, messages: Iterable[Message]) -> dict[int, "ContactPreference"]:
        """What the advocates whom these messages are for have chosen, by their id; in one query."""
        return self.for_people(m.advocate for m in messages if m.is_to_advocate and m.advocate)

    def for_people(self, advocates: Iterable[Advocate]) -> dict[int, "ContactPreference"]:
        """What these advocates have chosen, by their id; in one query. Whoever never chose is not in it."""
        people = {advocate.pk: advocate for advocate in advocates}
        keys = {key: pk for pk, advocate in people.items() for key in keys_of(advocate)}
        rows = self.filter(Q(advocate__in=list(people)) | Q(key__in=list(keys))).order_by("changed_at")
        found = {row.advocate_id if row.advocate_id in people else keys.get(row.key): row for row in rows}
        return {pk: row for pk, row in found.items() if pk is not None}


class ContactPreference(models.Model):
    """What somebody wants to hear from us, how, and how often. Their own words; nobody else changes it."""

    class Way(models.TextChoices):
        ANY = "any", _("By e-mail or text message")
        EMAIL = "email", _("By e-mail only")
        SMS = "sms", _("By text message only")
        NONE = "none", _("Not at all")

    class Often(models.TextChoices):
        NORMAL = "normal", _("As usual")
        LESS = "less", _("Half as often")

    # Found again after the person was imported anew, and after their address is erased.
    key = models.CharField(max_length=32, blank=True, editable=False)
    advocate = models.OneToOneField(
        Advocate,
        models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("advocate"),
        related_name="preference",
    )
    refused = models.JSONField(_("topics refused"), default=list, blank=True)
    way = models.CharField(_("how"), max_length=5, choices=Way, default=Way.ANY)
    often = models.CharField(_("how often"), max_length=6, choices=Often, default=Often.NORMAL)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed"))

    objects = ContactPreferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact preference")
        verbose_name_plural = _("contact preferences")
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=~Q(key=""), name="contact_preference_once")
        ]

    def __str__(self) -> str:
        return str(self.get_way_display())

    def refuses(self, purpose: str) -> bool:
        """Whether messages for this are not wanted."""
        return TOPIC_OF.get(purpose) in self.refused

    def allows_way(self, channel: str) -> bool:
        """Whether this person may be written to like this; what only a person does is not meant."""
        if channel not in {MessageChannel.EMAIL, MessageChannel.SMS}:
            return self.way != self.Way.NONE
        return self.way in {self.Way.ANY, channel}

    @property
    def topics(self) -> list[Topic]:
        """What they want to hear of."""
        return [topic for topic in Topic if topic not in self.refused]


def keys_of(advocate: Advocate) -> list[str]:
    """Under which keys somebody is known, the mailbox first."""
    return [key for key in (email_key(advocate.email), phone_key(advocate.phone)) if key]
