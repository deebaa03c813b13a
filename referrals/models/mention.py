from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from referrals.contacts import email_key, phone_key
from referrals.models.program import Program, ScopedQuerySet
from referrals.models.referral import Referral


class MentionQuerySet(ScopedQuerySet):
    def open(self) -> "MentionQuerySet":
        return self.filter(settled_at=None)

    def about(self, keys: set[str]) -> "MentionQuerySet":
        """Those that came from one of these people."""
        return self.filter(Q(email_key__in=keys - {""}) | Q(phone_key__in=keys - {""}))


class Mention(models.Model):
    """“Anna told me”: a friend left their details and said a name that fits nobody of ours, or several people.
    A person finds out whom they mean."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="mentions", verbose_name=_("program"))
    told_by = models.CharField(_("who told them, in their words"), max_length=60)
    name = models.CharField(_("name"), max_length=60)
    email = models.EmailField(_("e-mail"), blank=True)
    email_key = models.CharField(max_length=32, blank=True, editable=False)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    phone_key = models.CharField(max_length=32, blank=True, editable=False)
    company = models.CharField(_("company"), max_length=80, blank=True)
    note = models.CharField(_("note from the friend"), max_length=300, blank=True)
    agreement = models.CharField(_("what they agreed to"), max_length=300)
    came_at = models.DateTimeField(_("came"))
    settled_at = models.DateTimeField(_("settled"), null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("settled by")
    )
    # Stays empty where nobody of ours was meant.
    referral = models.ForeignKey(
        Referral, models.SET_NULL, null=True, related_name="mentions", verbose_name=_("became")
    )

    objects = MentionQuerySet.as_manager()

    class Meta:
        verbose_name = _("friend without advocate")
        verbose_name_plural = _("friends without advocate")
        constraints = [
            # Whoever sends the form twice is there once.
            models.UniqueConstraint(
                fields=["program", "email_key"],
                condition=Q(settled_at=None) & ~Q(email_key=""),
                name="mention_open_once",
            )
        ]
        indexes = [
            # what is to be found out, oldest first; its number on the desk
            models.Index(
                fields=["program", "came_at"], condition=Q(settled_at=None), name="mention_program_open"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email_key, self.phone_key = email_key(self.email), phone_key(self.phone)
        super().save(*args, **kwargs)
