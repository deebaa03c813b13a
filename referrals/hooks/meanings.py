"""What a call of another system can mean to us, and which facts each meaning needs."""

from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _


class Meaning(models.TextChoices):
    ORDER_PAID = "order.paid", _("somebody bought something")
    ORDER_REFUNDED = "order.refunded", _("an order was cancelled or refunded")
    DEAL_WON = "deal.won", _("a deal was won")
    DEAL_LOST = "deal.lost", _("a deal was lost")
    CUSTOMER_CREATED = "customer.created", _("there is a new customer")
    TAG_APPLIED = "tag.applied", _("a tag was put on somebody")
    TAG_REMOVED = "tag.removed", _("a tag was taken off somebody")
    LIST_ADDED = "list.added", _("somebody was added to a list")
    FIELD_CHANGED = "field.changed", _("a field of somebody changed")
    PROJECT_DONE = "project.done", _("a project was finished")
    RESULT = "result", _("a customer had first results")
    MILESTONE = "milestone", _("a customer reached a milestone")
    ENGAGED = "engaged", _("a customer engaged with the company")
    SATISFACTION = "satisfaction", _("a customer said how satisfied they are")
    SURVEY_ANSWERED = "survey.answered", _("a survey was answered")
    REVIEW_LEFT = "review.left", _("a review was left")
    FOLLOWED = "followed", _("somebody follows the company")
    SHARED = "shared", _("a post was shared")
    UNSUBSCRIBED = "contact.unsubscribed", _("somebody wants no more messages")


class Facts(NamedTuple):
    """What a call of this meaning tells: facts it must tell, and facts it may."""

    needed: tuple[str, ...]
    other: tuple[str, ...] = ()


PERSON = ("customer", "email")
BUYER = (*PERSON, "phone", "name", "company", "code", "country", "at")
FACTS: dict[str, Facts] = {
    Meaning.ORDER_PAID: Facts(("order", "amount"), ("currency", "refunded", *BUYER)),
    Meaning.ORDER_REFUNDED: Facts(("order",), ("amount", "refunded", "currency", "refund", "reason")),
    Meaning.DEAL_WON: Facts(("order", "amount"), ("currency", *BUYER)),
    Meaning.DEAL_LOST: Facts((), (*PERSON, "reason", "at")),
    Meaning.CUSTOMER_CREATED: Facts((), (*PERSON, "name", "phone", "company", "language", "country")),
    Meaning.TAG_APPLIED: Facts(("tag",), (*PERSON, "at")),
    Meaning.TAG_REMOVED: Facts(("tag",), (*PERSON, "at")),
    Meaning.LIST_ADDED: Facts(("list",), (*PERSON, "at")),
    Meaning.FIELD_CHANGED: Facts(("field",), (*PERSON, "from", "to", "at")),
    Meaning.PROJECT_DONE: Facts((), (*PERSON, "project", "at")),
    Meaning.RESULT: Facts((), (*PERSON, "result", "at")),
    Meaning.MILESTONE: Facts(("milestone",), (*PERSON, "at")),
    Meaning.ENGAGED: Facts((), (*PERSON, "action", "at")),
    Meaning.SATISFACTION: Facts(("score",), (*PERSON, "at")),
    Meaning.SURVEY_ANSWERED: Facts((), (*PERSON, "survey", "at")),
    Meaning.REVIEW_LEFT: Facts((), (*PERSON, "place", "at")),
    Meaning.FOLLOWED: Facts((), (*PERSON, "network", "at")),
    Meaning.SHARED: Facts((), (*PERSON, "network", "at")),
    Meaning.UNSUBSCRIBED: Facts((), (*PERSON, "phone", "at")),
}
# Of these, what is untidy about a person is left out: the rest is worth more than nothing.
LENIENT = {Meaning.ORDER_PAID, Meaning.DEAL_WON, Meaning.CUSTOMER_CREATED}
NAMES = {
    "order": _("number of the order or deal"),
    "amount": _("amount"),
    "refunded": _("how much of it has been paid back by now, all refunds together"),
    "currency": _("currency; empty: the program's"),
    "customer": _("customer number"),
    "email": _("e-mail address"),
    "phone": _("phone; without its country code, it is of the person's country or the program's"),
    "name": _("name"),
    "company": _("company"),
    "language": _("language"),
    "country": _("country"),
    "code": _("referral code"),
    "at": _("when it happened; empty: when the call comes"),
    "refund": _("number of the refund"),
    "reason": _("reason"),
    "tag": _("tag"),
    "list": _("list"),
    "field": _("field"),
    "from": _("value before"),
    "to": _("value now"),
    "project": _("project"),
    "result": _("result"),
    "milestone": _("milestone"),
    "action": _("what they did"),
    "score": _("score, 0 to 10"),
    "survey": _("which survey"),
    "place": _("where the review stands"),
    "network": _("network"),
}


def facts_of(meaning: str) -> tuple[str, ...]:
    """All facts that calls of this meaning may tell, what they must tell first."""
    facts = FACTS[meaning]
    return (*facts.needed, *facts.other)
