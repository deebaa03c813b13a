"""Takes in what other systems tell us by webhook: each call once, whatever its order."""

import json
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from referrals.contacts import email_key
from referrals.hooks.conditions import unmet
from referrals.hooks.meanings import Meaning
from referrals.hooks.pointers import NOWHERE, find
from referrals.hooks.reading import AMOUNTS, read_facts, read_json
from referrals.hooks.schemes import SCHEMES, Arrived, is_ping, is_signed
from referrals.models import Enrolment, Event, HookDelivery, HookMapping, HookSource, Referral
from referrals.services.advocate import Person, take_in
from referrals.services.happening import report
from referrals.services.refund import Refunded, refund_up_to, take_refund
from referrals.services.refusal import refuse, refuse_unknown
from referrals.services.sale import take_conversion, take_reversal
from referrals.transitions import Moved, Refused

Verdict = HookDelivery.Verdict
LONGEST = 256 * 1024
KEPT_FOR = timedelta(days=90)
# The body holds people's data: it goes before the number of the call does.
BODY_KEPT_FOR = timedelta(days=30)
MOST_IN_ONE = 100
# In HubSpot's batches; all else is the same when it tries again.
ATTEMPT = "attemptNumber"
HAPPENINGS = {
    Meaning.DEAL_LOST: Event.Kind.DEAL_LOST,
    Meaning.TAG_APPLIED: Event.Kind.TAG_APPLIED,
    Meaning.TAG_REMOVED: Event.Kind.TAG_REMOVED,
    Meaning.LIST_ADDED: Event.Kind.LIST_ADDED,
    Meaning.FIELD_CHANGED: Event.Kind.FIELD_CHANGED,
    Meaning.PROJECT_DONE: Event.Kind.PROJECT_DONE,
    Meaning.RESULT: Event.Kind.RESULT,
    Meaning.MILESTONE: Event.Kind.MILESTONE,
    Meaning.ENGAGED: Event.Kind.ENGAGED,
    Meaning.SATISFACTION: Event.Kind.SATISFACTION,
    Meaning.SURVEY_ANSWERED: Event.Kind.SURVEY_ANSWERED,
    Meaning.REVIEW_LEFT: Event.Kind.REVIEW_LEFT,
    Meaning.FOLLOWED: Event.Kind.FOLLOWED,
    Meaning.SHARED: Event.Kind.SHARED,
    Meaning.ORDER_PAID: Event.Kind.PURCHASE,
    Meaning.DEAL_WON: Event.Kind.DEAL_WON,
}
OF_PERSON = {"customer", "email", "at", "phone", "name", "company", "code", "country"}


class Said(NamedTuple):
    """What we answer: an HTTP status and a sentence."""

    status: int
    words: str


def take_call(source: HookSource, call: Arrived) -> Said:
    """Take in a call. 401 when nobody we know signed it; 200 when it is done, also when it was done before;
    202 when it means nothing to us; 422 when something in it is wrong, or 202 where the other system would stop
    calling because of it: it is kept here, and the same call again would be no better."""
    if is_ping(call, source.scheme):
        return Said(200, _("Somebody is here. Nothing was done."))
    if not is_signed(call, source.scheme, source.secrets(call.now)):
        HookSource.objects.filter(pk=source.pk).update(refused=F("refused") + 1)
        return Said(401, _("The signature is missing, wrong, or older than five minutes."))
    try:
        payload = read_json(call.body)
    except ValidationError as error:
        return Said(400, " ".join(error.messages))
    HookSource.objects.filter(pk=source.pk).update(last_at=call.now)
    parts = payload[:MOST_IN_ONE] if isinstance(payload, list) else [payload]
    is_batch = isinstance(payload, list)
    verdicts = [
        take_part(source, _key(source, call, part, number if is_batch else None), _type(source, call, part), part,
                  now=call.now)
        for number, part in enumerate(parts)
    ]  # fmt: skip
    return _answer(verdicts, refusing=202 if SCHEMES[source.scheme].gives_up else 422)


def take_part(source: HookSource, key: str, says: str, payload: Any, *, now: datetime) -> HookDelivery:
    """Act on one happening of a call and write down what became of it, once: a repeat finds what was done."""
    with transaction.atomic():
        row = HookDelivery(
            source=source, key=key, says=says[:80], verdict=Verdict.IGNORED, received_at=now,
            body=json.dumps(payload, ensure_ascii=False),
        )  # fmt: skip
        HookDelivery.objects.bulk_create([row], ignore_conflicts=True)
        stored = HookDelivery.objects.select_for_update().get(source=source, key=key)
        if stored.is_settled:
            HookDelivery.objects.filter(pk=stored.pk).update(times=F("times") + 1)
            return stored
        stored.body = row.body
        act(stored, payload, now=now)
    return stored


def act(row: HookDelivery, payload: Any, *, now: datetime) -> None:
    """Do what this call means, and write down what came of it."""
    mapping = HookMapping.objects.filter(source=row.source_id, says=row.says).first()
    if mapping is None:
        row.conclude(Verdict.IGNORED, _("Nobody has said what it means when this system says that."))
    else:
        try:
            with transaction.atomic():
                row.conclude(*carry_out(row.source, mapping, payload, key=row.key, now=now))
        except ValidationError as error:
            row.conclude(Verdict.REFUSED, " ".join(error.messages))
        except Refused as refused:
            row.conclude(Verdict.REFUSED, refused)
    row.save()


def carry_out(
    source: HookSource, mapping: HookMapping, payload: Any, *, key: str, now: datetime
) -> tuple[str, str]:
    """Do what a call of this meaning asks for; returns what became of it, in a word and in a sentence."""
    if why := unmet(mapping.only_if, payload):
        return Verdict.IGNORED, why
    told = read_facts(
        mapping.means,
        mapping.pointers,
        payload,
        program=source.program,
        minor_units=mapping.minor_units,
        now=now,
        hundredths=SCHEMES[source.scheme].hundredths,
    )
    verdict, words = _carry_out(source, mapping, told.facts, key, now)
    return verdict, " ".join([str(words), *(_("Left out: %s") % problem for problem in told.left_out)])


def _carry_out(
    source: HookSource, mapping: HookMapping, facts: dict[str, Any], key: str, now: datetime
) -> tuple[str, str]:
    program = source.program
    match mapping.means:
        case Meaning.ORDER_REFUNDED if facts.get("refunded", facts.get("amount")) == 0:
            return Verdict.IGNORED, _("Nothing was paid back of order %(order)s.") % facts
        case Meaning.ORDER_REFUNDED if AMOUNTS & facts.keys():
            return _take_refund(source, facts, key, now)
        case Meaning.ORDER_REFUNDED:
            row = take_reversal(
                program,
                external_id=facts["order"],
                reason=facts.get("reason", ""),
                now=now,
                source=source.name,
            )
            if row.is_sale:
                return Verdict.TAKEN, _("Sale %(order)s is taken back.") % facts
            return Verdict.WAITING, _("Sale %(order)s will be taken back when it comes.") % facts
        case Meaning.CUSTOMER_CREATED:
            return _take_customer(source, facts, now)
        case Meaning.ORDER_PAID | Meaning.DEAL_WON:
            return _take_sale(source, mapping.means, facts, key, now)
        case Meaning.UNSUBSCRIBED:
            return _take_refusal(source, facts, key, now)
    place = _place(source, facts)
    if place is None:
        return Verdict.IGNORED, _("No advocate of this program has this customer number or address.")
    _record(source, mapping.means, place, facts, key, now)
    return Verdict.TAKEN, _("Recorded for %(who)s.") % {"who": place.advocate}


def replay(rows: Any, *, now: datetime, by: Any) -> Moved:
    """Act on calls once more that were refused or meant nothing to us, now that somebody has put that right."""
    calls = list(rows.select_related("source__program"))
    again = [row for row in calls if not row.is_settled and row.body]
    for row in again:
        with transaction.atomic():
            act(row, json.loads(row.body), now=now)
    return Moved(again, [row for row in calls if row not in again])


def forget_hook_calls(*, now: datetime) -> int:
    """Empty the bodies of calls after 30 days, and delete the calls after 90; returns how many were deleted."""
    HookDelivery.objects.filter(received_at__lt=now - BODY_KEPT_FOR).exclude(body="").update(body="")
    deleted, _by_model = HookDelivery.objects.filter(received_at__lt=now - KEPT_FOR).delete()
    return deleted


def _take_customer(source: HookSource, facts: dict[str, Any], now: datetime) -> tuple[str, str]:
    names = {"customer": "external_id"}
    given = {names.get(name, name): value for name, value in facts.items() if value}
    if not given.get("external_id") and not given.get("email"):
        return Verdict.REFUSED, _(
            "There is neither a customer number nor an address: nobody could be found again."
        )
    person = Person(given)
    take_in(source.program, [person], now=now)
    if person.refusal or person.enrolment is None:
        return Verdict.REFUSED, person.refusal
    data = {"source": source.name}
    key = f"hook:customer:{source.program_id}:{person.enrolment.advocate_id}"
    event = Event(
        kind=Event.Kind.CUSTOMER_CREATED, program=source.program, advocate=person.enrolment.advocate,
        occurred_at=now, data=data, dedup_key=key,
    )  # fmt: skip
    Event.objects.record([event], now=now)
    words = _("%(who)s is a new advocate.") if person.is_new else _("%(who)s was known already.")
    return Verdict.TAKEN, words % {"who": person.enrolment.advocate}


def _take_refusal(source: HookSource, facts: dict[str, Any], key: str, now: datetime) -> tuple[str, str]:
    """Whoever is named by address wants no mail, by phone no text messages, by customer number neither."""
    place, said = _place(source, facts), f"hook:{source.pk}:{key}"
    email, phone = facts.get("email") or "", facts.get("phone") or ""
    if place:
        ways = {way for way, told in (("email", email), ("sms", phone)) if told} or {"email", "sms"}
        refuse([(place.advocate, ways)], now=now, said=said)
        return Verdict.TAKEN, _("Recorded for %(who)s.") % {"who": place.advocate}
    if not email and not phone:
        return Verdict.IGNORED, _("No advocate of this program has this customer number or address.")
    refuse_unknown(source.program, email=email, phone=phone, now=now, said=said)
    return Verdict.TAKEN, _("Nothing will be written there about this program.")


def _take_sale(
    source: HookSource, means: str, facts: dict[str, Any], key: str, now: datetime
) -> tuple[str, str]:
    place = _place(source, facts)
    if place:
        _record(source, means, place, facts, f"{means}:{facts['order']}", now)
    buyer = {name: facts.get(name) or "" for name in ("email", "phone", "name", "company", "code")}
    taken = take_conversion(
        source.program, external_id=facts["order"], amount=facts["amount"], currency=facts["currency"],
        occurred_at=facts.get("at"), email=buyer["email"], phone=buyer["phone"], name=buyer["name"],
        company=buyer["company"], code=buyer["code"], now=now, source=source.name,
    )  # fmt: skip
    if facts.get("refunded"):
        taken = taken._replace(conversion=_paid_back(source, facts, now).conversion)
    if taken.conversion is None:
        return Verdict.TAKEN, _("Order %(order)s is kept: it counts for nobody so far.") % facts
    if taken.conversion.reversed_at:
        return Verdict.TAKEN, _("Sale %(order)s is taken back.") % facts
    words = {"order": facts["order"], "who": _advocate(taken.referral)}
    return Verdict.TAKEN, _("Order %(order)s counts for %(who)s.") % words


def _take_refund(source: HookSource, facts: dict[str, Any], key: str, now: datetime) -> tuple[str, str]:
    found = _paid_back(source, facts, now, key)
    if found.conversion is None:
        return Verdict.WAITING, _("The refund of order %(order)s is kept until the order counts.") % facts
    if found.conversion.reversed_at:
        return Verdict.TAKEN, _("Sale %(order)s is taken back.") % facts
    return Verdict.TAKEN, _("Part of sale %(order)s is refunded; the rest goes on counting.") % facts


def _paid_back(source: HookSource, facts: dict[str, Any], now: datetime, key: str = "") -> Refunded:
    """What a call says of refunds: one, or how much it is in all. A shop may pay back more than it sold, such as the
    postage: that is all of it."""
    program, order = source.program, facts["order"]
    more = {
        "currency": facts["currency"], "now": now, "source": source.name, "reason": facts.get("reason") or "",
        "may_exceed": True,
    }  # fmt: skip
    if "refunded" in facts:
        return refund_up_to(program, order, facts["refunded"], **more)
    number = facts.get("refund") or f"call:{key}"
    return take_refund(program, external_id=order, amount=facts["amount"], number=number, **more)


def _advocate(referral: Referral | None) -> str:
    return str(referral.enrolment.advocate) if referral else ""


def _record(
    source: HookSource, means: str, place: Enrolment, facts: dict[str, Any], key: str, now: datetime
) -> None:
    event = Event(
        kind=HAPPENINGS[Meaning(means)], program=source.program, advocate=place.advocate,
        occurred_at=facts.get("at") or now, dedup_key=f"hook:{source.pk}:{key}"[:120],
        data={name: value for name, value in facts.items() if name not in OF_PERSON},
    )  # fmt: skip
    report([event], now=now)


def _place(source: HookSource, facts: dict[str, Any]) -> Enrolment | None:
    """The advocate whom a call is about, by customer number, else by address."""
    number, mailbox = facts.get("customer") or "", email_key(facts.get("email") or "")
    rows = Enrolment.objects.filter(program=source.program).select_related("advocate")
    numbered, addressed = Q(advocate__external_id=number), Q(advocate__email_key=mailbox)
    # Saying once more that they are not empty lets the database use its partial indexes.
    known = numbered & ~Q(advocate__external_id="") | addressed & ~Q(advocate__email_key="")
    found = list(rows.filter(known)[:2])
    return max(found, key=lambda row: row.advocate.external_id == number, default=None)


def _key(source: HookSource, call: Arrived, part: Any, place: int | None) -> str:
    """The number of what happened, as its system gives it; else what is said of it is its number. ``place`` is where
    in a batch it stands: sent again, a batch may be cut in another way."""
    given, suffix = find(part, source.id_at) if source.id_at else NOWHERE, ""
    if given is NOWHERE and (header := SCHEMES[source.scheme].id_header):
        given, suffix = call.headers.get(header, NOWHERE), f".{place}" if place else ""
    if isinstance(given, str | int) and str(given).isprintable() and 0 < len(str(given)) <= 100:
        return f"{given}{suffix}"
    if place is None:
        return sha256(call.body).hexdigest()
    told = (
        {name: value for name, value in part.items() if name != ATTEMPT} if isinstance(part, dict) else part
    )
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _type(source: HookSource, call: Arrived, payload: Any) -> str:
    given = find(payload, source.type_at) if source.type_at else NOWHERE
    if given is NOWHERE and (header := SCHEMES[source.scheme].type_header):
        given = call.headers.get(header, "")
    return str(given) if isinstance(given, str | int) and str(given).isprintable() else ""


def _answer(rows: list[HookDelivery], *, refusing: int) -> Said:
    refused = [row.result for row in rows if row.verdict == Verdict.REFUSED]
    if refused:
        return Said(refusing, " ".join(refused))
    taken = [row.result for row in rows if row.is_settled]
    return Said(200, " ".join(taken)) if taken else Said(202, rows[0].result if rows else _("It is empty."))
