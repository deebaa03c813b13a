"""Everything we know about one person, in a form that a person and a machine can read (GDPR, articles 15 and 20).

Of the friends they named it says who and what became of it, and not how to reach them: that is the friends' own.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Model, Q, QuerySet

from campaigns.models import ContactPreference, Message, Suppression, SurveyResponse, Testimonial
from campaigns.models.contact_preference import keys_of
from referrals.models import Advocate, Consent, Conversion, Enrolment, Event, FollowUp, Referral, Tagging
from rewards.models import LedgerEntry, Reward

# What opens a door, or stands for an address after it is gone, is nobody's to read.
SECRET = {
    "token",
    "email_key",
    "phone_key",
    "to_key",
    "key",
    "likeness",
    "dedup_key",
    "advocate_client",
    "friend_client",
}
Rows = list[dict[str, Any]]


def everything_about(advocate: Advocate) -> dict[str, Rows]:
    """What we know about this person, by what it is; a query for each."""
    keys = set(keys_of(advocate)) | {advocate.email_key, advocate.phone_key} - {""}
    named = Q(enrolment__advocate=advocate)
    earned = Reward.objects.filter(named, side="advocate").select_related("incentive")
    friend = Referral.objects.filter(_has(keys)).select_related("program", "enrolment__advocate")
    sections: dict[str, tuple[Iterable[Any], Callable[[Any], dict[str, Any]]]] = {
        "person": ([advocate], plain),
        "tags": (Tagging.objects.filter(advocate=advocate).select_related("tag"), lambda row: {"tag": str(row.tag)}),
        "programs": (Enrolment.objects.filter(advocate=advocate).select_related("program"), _with(plain, "program")),
        "friends_named": (Referral.objects.filter(named).select_related("program"), _friend),
        "recommended_by": (friend, _recommended),
        "agreed": (Consent.objects.filter(referral__in=friend), plain),
        "calls": (FollowUp.objects.filter(referral__in=friend), plain),
        "bought": (Conversion.objects.filter(referral__in=friend), plain),
        "rewards": (earned, _with(plain, "incentive")),
        "ledger": (LedgerEntry.objects.filter(named), plain),
        "surveys": (SurveyResponse.objects.filter(named), plain),
        "testimonials": (Testimonial.objects.filter(response__enrolment__advocate=advocate), plain),
        "choices": (ContactPreference.objects.filter(Q(advocate=advocate) | Q(key__in=keys)), plain),
        "not_written_to": (Suppression.objects.filter(key__in=keys), plain),
        "messages": (Message.objects.filter(to_key__in=keys).defer("html"), _message),
        "happened": (Event.objects.filter(advocate=advocate), plain),
    }  # fmt: skip
    return {name: [say(row) for row in _in_order(rows)] for name, (rows, say) in sections.items()}


def plain(row: Model) -> dict[str, Any]:
    """The columns of a row by their names, without what is secret or empty."""
    values = {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.name not in SECRET
    }
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _has(keys: set[str]) -> Q:
    return Q(email_key__in=keys) | Q(phone_key__in=keys) if keys else Q(pk__in=[])


def _in_order(rows: Iterable[Any]) -> Iterable[Any]:
    return rows.order_by("pk") if isinstance(rows, QuerySet) else rows


def _with(say: Callable[[Any], dict[str, Any]], name: str) -> Callable[[Any], dict[str, Any]]:
    return lambda row: say(row) | {name: str(getattr(row, name))}


def _friend(row: Referral) -> dict[str, Any]:
    return {
        "friend": row.first_name, "program": str(row.program), "status": row.status, "status_at": row.status_at,
        "submitted_at": row.submitted_at,
    }  # fmt: skip


def _recommended(row: Referral) -> dict[str, Any]:
    return plain(row) | {"program": str(row.program), "by": row.enrolment.advocate.first_name}


def _message(row: Message) -> dict[str, Any]:
    written = {} if row.text else row.own_words or {}
    return {
        "purpose": row.purpose, "channel": row.channel, "to": row.to_address,
        "subject": row.subject or written.get("subject", ""), "text": row.text or written.get("body", ""),
        "status": row.status, "created_at": row.created_at, "sent_at": row.sent_at,
    }  # fmt: skip
