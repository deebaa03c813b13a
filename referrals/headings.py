"""What other systems call the columns of their exports, and which system a file comes from.

Headings as HubSpot, Mailchimp, Shopify, Salesforce and ActiveCampaign wrote them in 2025, and common ones.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from babel.numbers import is_currency

from referrals.heading_words import FIRST_OR_WHOLE, GERMAN_FIRST, LAST_OR_WHOLE, WORDS
from referrals.wishes import WISHES

# A column becomes a further field of the person under its own heading, or is not read at all.
FURTHER, LEFT_OUT = "further", "left_out"
# How many columns that nobody knows are proposed as further fields.
HANDFUL = 12
# What several columns of a file may be.
REPEATED = {FURTHER, LEFT_OUT, *WISHES}
HEADINGS: dict[str, tuple[str, ...]] = {
    "external_id": (
        "external id", "customer id", "customer number", "customer no", "contact id", "record id",
        "record id contact", "lead id", "account number", "client id", "id", "customer",
    ),
    "email": ("email", "e mail", "email address", "e mail address", "mail", "primary email", "work email"),
    "name": ("name", "full name", "contact name", "customer name", "display name"),
    "first_name": ("first name", "firstname", "given name", "fname"),
    "last_name": ("last name", "lastname", "surname", "family name", "lname"),
    "phone": (
        "phone", "phone number", "telephone", "mobile", "mobile phone", "mobile phone number", "sms phone number",
        "default address phone", "mobilephone",
    ),
    "company": (
        "company", "company name", "organisation", "organization", "account name", "default address company",
        "associated company", "employer",
    ),
    "kind": ("kind", "contact type", "kind of contact"),
    "language": ("language", "preferred language", "locale", "lang", "languagelocalekey"),
    "country": (
        "country", "country region", "country code", "cc", "mailing country", "mailing country code",
        "default address country code", "default address country", "billing country", "mailingcountry",
        "mailingcountrycode", "ip country code",
    ),
    "timezone": ("time zone", "timezone"),
    "owner": ("account manager", "owner", "contact owner", "account owner", "hubspot owner", "deal owner"),
    "tags": ("tags", "tag", "labels", "label", "contact tags"),
    "wants_mail": (
        "accepts email marketing", "accepts marketing", "email marketing consent", "email marketing status",
        "email subscriber status", "email permission status", "email opt in", "email consent", "marketing consent",
        "marketing contact status", "subscribed", "newsletter", "wants mail", "accetta marketing",
        "consenso marketing", "acepta marketing", "acepta correos", "accepte le marketing", "accepte les e mails",
        "accepteert marketing", "nieuwsbrief", "einwilligung", "согласие на рассылку", "рассылка", "подписка",
    ),
    "no_mail": (
        "unsub time", "clean time", "unsubscribed", "unsubscribed at", "unsubscribed on", "unsubscribe date",
        "unsubscribed from all email", "opted out", "opt out", "email opt out", "hasoptedoutofemail",
        "has opted out of email", "do not email", "no mail", "no email", "email blacklisted", "disiscritto",
        "désabonné", "désinscrit", "dado de baja", "uitgeschreven", "afgemeld", "abgemeldet", "keine mail",
        "отписан", "отписался",
    ),
    "wants_texts": (
        "accepts sms marketing", "sms marketing consent", "sms marketing status", "sms opt in", "sms consent",
        "wants texts",
    ),
    "no_texts": (
        "sms opt out", "hasoptedoutofsms", "has opted out of sms", "do not text", "do not sms", "sms unsubscribed",
        "sms blacklisted", "no texts", "no sms",
    ),
}  # fmt: skip
# HubSpot has one for each kind of mail.
OPT_OUTS = "opted out of email"
HAPPENINGS: dict[str, tuple[str, ...]] = {
    "advocate": (
        "advocate", "customer id", "customer number", "external id", "contact id", "record id", "customer",
        *WORDS["external_id"], *HEADINGS["email"], "customer email", "contact email", *WORDS["email"],
    ),
    "occurred_at": (
        "occurred at", "date", "purchased on", "purchase date", "date of purchase", "order date", "paid at",
        "created at", "close date", "closed on", "won on", "answered on", "answered at", "response date",
        "submitted at", "submitted on", "when", "day", "time", "timestamp",
    ),
    "amount": ("amount", "total", "order total", "deal amount", "value", "sum", "price", "revenue"),
    "currency": ("currency", "currency code"),
    "score": ("score", "nps", "nps score", "rating", "satisfaction"),
    "program": ("program",),
    "product": ("product", "product name", "item", "item name", "lineitem name", "product title"),
    **{name: (name,) for name in ("project", "result", "milestone", "action", "tag", "list", "field", "from", "to")},
}  # fmt: skip
SALES: dict[str, tuple[str, ...]] = {
    "order": (
        "order id", "id", "order number", "order no", "order", "payment id", "transaction id", "invoice number",
        "invoice", "deal id", "opportunity id",
    ),
    "amount": (
        "total", "order total", "order total amount", "grand total", "total amount", "amount", "amount paid",
        "order amount", "deal amount",
    ),
    "currency": ("currency", "order currency", "currency code"),
    "occurred_at": (
        "paid at", "date paid", "paid date", "created at", "created date utc", "created utc", "order date",
        "created", "date created", "occurred at", "date", "close date",
    ),
    "email": (
        "email", "customer email", "billing email", "billing email address", "email billing", "buyer email",
        *HEADINGS["email"],
    ),
    "phone": ("phone", "billing phone", "phone billing", "customer phone", "shipping phone", "phone number"),
    "name": ("billing name", "customer name", "full name", "buyer name", "full name billing"),
    "company": ("billing company", "company billing", "company", "company name"),
    "code": (
        "discount code", "referral code", "coupon code", "coupon codes", "coupons", "promo code", "voucher",
        "client reference id", "code",
    ),
    "customer": ("customer id", "customer number", "customer user id", *WORDS["external_id"]),
    "refunded": (
        "refunded amount", "amount refunded", "order refund amount", "refund amount", "total refunded", "refunded",
    ),
    "status": ("financial status", "payment status", "order status", "status"),
}  # fmt: skip
LEADS: dict[str, tuple[str, ...]] = {
    "lead": (
        "lead id", "record id", "record id contact", "lead number", "lead no", "contact id", "external id", "id",
        "number", *WORDS["external_id"],
    ),
    "received_at": (
        "received at", "received", "create date", "created date", "date created", "created at", "created on",
        "became a lead date", "lead date", "created", "date", *WORDS["occurred_at"],
    ),
    "contacted_at": (
        "contacted at", "first contacted", "first contact", "date of first engagement", "first response date",
        "first response", "first talk", "first call", "first activity date", "primo contatto", "primer contacto",
        "premier contact", "eerste contact", "erster kontakt", "первый контакт",
    ),
    "source": (
        "source", "lead source", "original source", "original traffic source", "channel", "origine", "fonte",
        "origen", "fuente", "bron", "quelle", "источник",
    ),
    "caller": ("owner", "lead owner", "contact owner", "hubspot owner", "sales rep", *WORDS["owner"]),
}  # fmt: skip
# Where somebody sat when they signed up, and numbers that only their own system understands.
NOT_NEEDED = {
    "optin ip", "confirm ip", "ip address", "ip", "latitude", "longitude", "gmtoff", "dstoff", "leid", "euid",
    "optin time", "confirm time", "password", "password hash", "accountid", "ownerid", "salutation",
    "unsub campaign id", "clean campaign id",
}  # fmt: skip
# Headings that only one system writes.
SOURCES: dict[str, set[str]] = {
    "Mailchimp": {"leid", "euid", "member rating", "unsub time", "clean time"},
    "Shopify": {"accepts email marketing", "total spent", "tax exempt", "accepts sms marketing"},
    "HubSpot": {
        "record id",
        "record id contact",
        "contact owner",
        "lifecycle stage",
        "marketing contact status",
    },
    "Salesforce": {
        "mailing country",
        "mailingcountry",
        "account owner",
        "contact owner",
        "email opt out",
        "18 digit contact id",
        "mailing city",
    },
    "ActiveCampaign": {"date created", "ip address", "organization", "contact tags"},
}


# The same of files of sales.
SALE_SOURCES = SOURCES | {
    "Shopify": {"financial status", "fulfillment status", "lineitem name", "discount code"},
    "WooCommerce": {
        "order total amount",
        "customer note",
        "cart discount amount",
        "order number",
        "coupon code",
    },
    "Stripe": {
        "amount refunded",
        "converted amount",
        "card id",
        "balance transaction id",
        "payment source type",
    },
}


class Guess(NamedTuple):
    """What each column seems to hold, by its heading, and which system seems to have written the file."""

    targets: dict[str, str]
    source: str


def guess(header: Sequence[str]) -> Guess:
    """A target for every column of people: what is read from it, ``FURTHER`` or ``LEFT_OUT``; none twice."""
    targets = _names_apart(_targets(header, HEADINGS))
    if {"first_name", "last_name"} & set(targets.values()):
        targets = {name: FURTHER if target == "name" else target for name, target in targets.items()}
    source = _source(header)
    targets |= {
        name: "wants_mail" for name in header if source == "ActiveCampaign" and _plain(name) == "status"
    }
    return Guess(targets, source)


def guess_sale(header: Sequence[str]) -> Guess:
    """The same for a file of sales; what is not read of them is left out."""
    return Guess(_only(SALES, header), _source(header, SALE_SOURCES))


def guess_lead(header: Sequence[str]) -> Guess:
    """The same for a file of other leads: no names and addresses are read."""
    return Guess(_only(LEADS, header), _source(header))


def _only(headings: Mapping[str, Sequence[str]], header: Sequence[str]) -> dict[str, str]:
    return {n: LEFT_OUT if target == FURTHER else target for n, target in _targets(header, headings).items()}


def _names_apart(targets: dict[str, str]) -> dict[str, str]:
    """“Nome” beside “Cognome” is the first name, and “Nom” beside “Prénom” the last; alone, each is the whole."""
    found, plain = set(targets.values()), {_plain(name) for name in targets}
    last_too = LAST_OR_WHOLE if GERMAN_FIRST not in plain else (*LAST_OR_WHOLE, "name")

    def part(name: str) -> str:
        if "last_name" in found and "first_name" not in found and _plain(name) in map(_plain, FIRST_OR_WHOLE):
            return "first_name"
        if "first_name" in found and "last_name" not in found and _plain(name) in last_too:
            return "last_name"
        return "name"

    return {name: part(name) if target == "name" else target for name, target in targets.items()}


def only_some(targets: Mapping[str, str], examples: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The same targets, and of the columns that nobody knows only the first few in which there is something."""
    known = [name for name, target in targets.items() if target == FURTHER and examples.get(name)]
    kept = set(known[:HANDFUL])
    return {n: LEFT_OUT if target == FURTHER and n not in kept else target for n, target in targets.items()}


def guess_happening(header: Sequence[str], wanted: Sequence[str]) -> Guess:
    """The same for a file of happenings, whose kind wants these targets."""
    return Guess(_targets(header, {name: HAPPENINGS[name] for name in wanted}), _source(header))


def _targets(header: Sequence[str], headings: Mapping[str, Sequence[str]]) -> dict[str, str]:
    place: dict[str, tuple[int, str]] = {}
    for target, known in headings.items():
        for at, heading in enumerate((*known, *WORDS.get(target, ()))):
            place.setdefault(_plain(heading), (at, target))
    targets: dict[str, str] = {}
    # The best-known heading first: “email” rather than “work email”, if a file has both.
    for name in sorted(header, key=lambda name: place.get(_plain(name), (99, ""))[0]):
        plain = _plain(name)
        bare, _space, last = plain.rpartition(" ")
        # “Amount USD” is an amount.
        if "amount" in place.get(bare, ()) and is_currency(last.upper()):
            plain = bare
        target = LEFT_OUT if plain in NOT_NEEDED else place.get(plain, (0, FURTHER))[1]
        if plain.startswith(OPT_OUTS) and "no_mail" in headings:
            target = "no_mail"
        targets[name] = FURTHER if target in targets.values() and target not in REPEATED else target
    return {name: targets[name] for name in header}


def _source(header: Sequence[str], sources: Mapping[str, set[str]] = SOURCES) -> str:
    """The system with two or more of its own headings in the file, or none."""
    plain = {_plain(name) for name in header}
    found = {source: len(own & plain) for source, own in sources.items()}
    best = max(found, key=lambda source: found[source])
    return best if found[best] >= 2 else ""


def _plain(name: str) -> str:
    """The heading without accents, signs and capital letters."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", " ", bare).strip()
