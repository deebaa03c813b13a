from datetime import datetime
from typing import Annotated, Any, NamedTuple, Self

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema
from pydantic import AwareDatetime, SkipValidation, model_validator

from referrals.api.answers import answer
from referrals.api.bulk import MOST, BulkIn, BulkOut, bulk_answer, read_items
from referrals.api.fields import (
    Amount,
    Country,
    Currency,
    ExternalId,
    Given,
    Moment,
    Told,
    Words,
    wrong,
)
from referrals.api.key import Key, key_of
from referrals.api.once import once
from referrals.api.paging import Page, Paged, page_of
from referrals.api.problems import Wrong, as_a_whole, invalid, not_found
from referrals.api.who import NOBODY, Who, find_all
from referrals.cells import LARGEST
from referrals.models import Advocate, ApiKey, Attribution, Conversion, Referral
from referrals.prepared import prepared
from referrals.public_ids import pk_of, public_id
from referrals.services.buyers import Sale
from referrals.services.conversion import reverse_conversion
from referrals.services.many_sales import take_conversions
from referrals.services.refund import take_refund
from referrals.services.sale import Taken, take_conversion, take_reversal
from referrals.services.touch import Buyer, Hints
from referrals.transitions import Refused
from referrals.untidy import OF_BUYER, Read, read_buyer

router = Router(tags=["conversions"])
READ, WRITE = Key("conversions:read"), Key("conversions:write")
Standing = Attribution.Standing
NO_REFERRAL = "No referral of this program has this id. Use an id as the API gave it."
Reason = Annotated[Words, Field(max_length=120, examples=["Refunded"])]


class ConversionIn(Given):
    """A sale. Whom it counts for is found out from what you know of the buyer; send all of it. What cannot be read
    of that is left out, and the answer says so."""

    external_id: Annotated[ExternalId, Field(min_length=1, description="The order or deal number.")]
    amount: Amount
    currency: Currency
    occurred_at: Moment | None = Field(None, description="Now, if it is left out.")
    email: Told = Field("", description="Of the buyer, as you have it.", examples=["ben@example.com"])
    phone: Told = Field("", description="Of the buyer, as you have it.", examples=["+39 06 1234567"])
    name: Told = ""
    company: Told = ""
    code: Told = Field("", description="The code the buyer gave.", examples=["ANNA42"])
    country: Country = Field("", description="Whose phone numbers need no country code; else the program's.")
    referral: str = Field("", max_length=60, description="The id of the referral, if you know it.")
    advocate: Who | None = Field(None, description="Who recommended the buyer, if you know it.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.email or self.phone or self.code or self.referral or self.advocate):
            raise wrong("Send what you know of the buyer: email, phone, code, referral or advocate.")
        return self

    @property
    def told(self) -> dict[str, str]:
        """What it says of the buyer, as it came."""
        return {name: getattr(self, name) for name in OF_BUYER}


class ConversionsIn(BulkIn):
    items: Annotated[list[SkipValidation[ConversionIn]], Field(min_length=1, max_length=MOST)]


class ReverseIn(Given):
    reason: Reason = ""
    amount: Annotated[int, Field(strict=True, gt=0, le=LARGEST)] | None = Field(
        None, description="What was paid back, in minor units of the order; all of it, if this is left out."
    )
    refund: ExternalId = Field(
        "", description="Your number of the refund: sent again, it is the same refund."
    )


class ReverseOrderIn(ReverseIn):
    external_id: Annotated[ExternalId, Field(min_length=1, description="The order or deal number.")]


class ConversionOut(Schema):
    """A sale, and for whom it counts."""

    id: str | None = Field(
        description="None while it counts for nobody.", examples=["con_8b0d4c7f0e9a4c1d8a52f8c6f1d9be07"]
    )
    standing: str = Field(
        description="decided; nobody (nobody recommended the buyer); held (the referral is under review); "
        "disputed (a person decides); waiting (a refund that came before its order).",
        examples=["decided"],
    )
    external_id: str = Field(examples=["42"])
    amount: int | None = Field(
        description="In minor units; none while only a refund is known.", examples=[12900]
    )
    currency: str = Field(examples=["EUR"])
    occurred_at: datetime | None
    refunded: int = Field(
        0, description="How much of it was paid back and the rest still counts.", examples=[0]
    )
    reversed_at: datetime | None
    reason: str = Field(description="Why it was taken back.", examples=[""])
    referral: str | None = Field(None, examples=["ref_5d1c0c3f8ab94f0f9a3d0e6c1b7a2f48"])
    advocate: str | None = Field(None, examples=["adv_3c7a0f5be2f84a19a04d1c3f7f0d2b66"])
    left_out: list[Wrong] = Field([], description="What you sent of the buyer and we could not read.")

    @classmethod
    def of(cls, row: Conversion, standing: str = Standing.DECIDED) -> "ConversionOut":
        return cls.model_construct(
            id=public_id("con", row.pk), standing=standing, external_id=row.external_id, amount=row.amount,
            currency=row.currency, occurred_at=row.occurred_at, refunded=row.refunded, reversed_at=row.reversed_at,
            reason=row.reversal_reason, referral=public_id("ref", row.referral_id),
            advocate=public_id("adv", row.referral.enrolment.advocate_id),
        )  # fmt: skip

    @classmethod
    def of_order(cls, row: Attribution) -> "ConversionOut":
        """What is known of an order, whether it counts for somebody or not."""
        if row.conversion:
            return cls.of(row.conversion, row.standing)
        return cls.model_construct(
            id=None, standing=row.standing, external_id=row.external_id, amount=row.amount,
            currency=row.currency, occurred_at=row.occurred_at, reversed_at=row.reversed_at,
            reason=row.reversal_reason,
        )  # fmt: skip


class Conversions(Page):
    data: list[ConversionOut]


class ConversionFilter(Paged):
    external_id: str = Field("", max_length=80, description="The order or deal number.")
    referral: str = Field("", max_length=60, description="The id of a referral.")
    reversed: bool | None = Field(None, description="Only those taken back, or only those not.")
    recorded_after: AwareDatetime | None = None
    reversed_after: AwareDatetime | None = None

    def apply(self, rows: "QuerySet[Any]") -> "QuerySet[Any]":
        wanted: dict[str, Any] = {
            "external_id": self.external_id,
            "recorded_at__gt": self.recorded_after,
            "reversed_at__gt": self.reversed_after,
        }
        rows = rows.filter(**{name: value for name, value in wanted.items() if value})
        if self.reversed is not None:
            rows = rows.filter(reversed_at__isnull=not self.reversed)
        return rows.filter(referral=pk_of("ref", self.referral)) if self.referral else rows


def conversions(request: HttpRequest) -> "QuerySet[Any]":
    """The sales of this key's program, with whose they are."""
    rows = Conversion.objects.filter(program=key_of(request).program_id)
    return rows.select_related("referral__enrolment", "attribution")


def conversion_of(request: HttpRequest, conversion_id: str) -> Conversion:
    pk = pk_of("con", conversion_id)
    row: Conversion | None = conversions(request).filter(pk=pk).first() if pk else None
    if row is None:
        raise not_found("sale")
    return row


def _out(row: Conversion) -> ConversionOut:
    return ConversionOut.of(
        row, row.attribution.standing if hasattr(row, "attribution") else Standing.DECIDED
    )


@router.get("/conversions", response=Conversions, auth=READ)
def list_conversions(request: HttpRequest, asked: Query[ConversionFilter]) -> HttpResponse:
    """The sales that count for somebody, oldest first."""
    rows, following = page_of(asked.apply(conversions(request)), asked)
    return answer(Conversions.model_construct(data=[_out(row) for row in rows], next=following))


@router.post(
    "/conversions", response={201: ConversionOut, 200: ConversionOut, 202: ConversionOut}, auth=WRITE
)
@once
def add_conversion(request: HttpRequest, body: ConversionIn) -> HttpResponse:
    """Report a sale. The same order again (200) is the same sale; one that counts for nobody, or not yet, is
    kept (202)."""
    key = key_of(request)
    [known] = _known(key, {0: body}).values()
    if isinstance(known, list):
        raise invalid(known)
    status, row = _take(key, body, known)
    out = ConversionOut.of_order(row)
    out.left_out = [Wrong(**one) for one in _left_out(known.buyer)]
    return answer(out, status)


@router.post("/conversions/bulk", response=BulkOut, auth=WRITE)
@once
def add_conversions(request: HttpRequest, body: ConversionsIn) -> HttpResponse:
    """Report up to 1,000 sales in one call; each as if it were sent alone."""
    key = key_of(request)
    items, wrong = read_items(body.items, ConversionIn)
    known = _known(key, items)
    wrong |= {n: errors for n, errors in known.items() if isinstance(errors, list)}
    sales = {n: _sale(items[n], found) for n, found in known.items() if not isinstance(found, list)}
    taken = take_conversions(key.program, list(sales.values()), now=key.asked_at, source=key.name)
    done: dict[int, tuple[int, str | None]] = {}
    refused: dict[int, list[dict[str, str]]] = {}
    for number, one in zip(sales, taken, strict=True):
        if isinstance(one, Refused):
            refused[number] = as_a_whole(one)
        else:
            sold = one.conversion
            done[number] = _status(key, one), public_id("con", sold.pk) if sold else None
    return bulk_answer(body, done, wrong, refused)


@router.post("/conversions/reverse", response=ConversionOut, auth=WRITE)
@once
def reverse_order(request: HttpRequest, body: ReverseOrderIn) -> HttpResponse:
    """An order was cancelled or refunded, by its number. A refund may come before its order: it waits. With an
    amount, the rest of the order goes on counting, and keeps the rewards for which it is enough."""
    key = key_of(request)
    if body.amount is not None:
        return answer(_refund(key, body.external_id, body))
    row = take_reversal(
        key.program, external_id=body.external_id, reason=body.reason, now=key.asked_at, source=key.name
    )
    row.conversion = conversions(request).filter(external_id=body.external_id).first()
    return answer(ConversionOut.of_order(row))


@router.get("/conversions/{conversion_id}", response=ConversionOut, auth=READ)
def show_conversion(request: HttpRequest, conversion_id: str) -> HttpResponse:
    return answer(_out(conversion_of(request, conversion_id)))


@router.post("/conversions/{conversion_id}/reverse", response=ConversionOut, auth=WRITE)
@once
def reverse(request: HttpRequest, conversion_id: str, body: ReverseIn) -> HttpResponse:
    """The sale was cancelled or refunded: rewards for it are taken back. With an amount, the rest goes on counting,
    and keeps the rewards for which it is enough. Again, it changes nothing."""
    row, key = conversion_of(request, conversion_id), key_of(request)
    if body.amount is not None:
        return answer(_refund(key, row.external_id, body))
    reverse_conversion(row, reason=body.reason, now=key.asked_at)
    return answer(_out(conversion_of(request, conversion_id)))


def _refund(key: ApiKey, order: str, body: ReverseIn) -> ConversionOut:
    found = take_refund(
        key.program, external_id=order, amount=body.amount or 0, number=body.refund, reason=body.reason,
        now=key.asked_at, source=key.name,
    )  # fmt: skip
    if found.attribution is None:
        assert found.conversion is not None  # noqa: S101 - for the type checker
        return ConversionOut.of(found.conversion)
    found.attribution.conversion = found.conversion
    return ConversionOut.of_order(found.attribution)


class Known(NamedTuple):
    """What a sale says about who bought, and who brought them."""

    referral: Referral | None
    advocate: Advocate | None
    buyer: Read


def _take(key: ApiKey, body: ConversionIn, known: Known) -> tuple[int, Attribution]:
    """What became of the sale: 201 for one that is new, 200 for one known before, 202 while it counts for nobody."""
    told: Any = known.buyer.facts
    taken = take_conversion(
        key.program, external_id=body.external_id, amount=body.amount, currency=body.currency,
        occurred_at=body.occurred_at, referral=known.referral, advocate=known.advocate, now=key.asked_at,
        source=key.name, **told,
    )  # fmt: skip
    row = taken.attribution
    row.conversion = taken.conversion
    return _status(key, taken), row


def _status(key: ApiKey, taken: Taken) -> int:
    if taken.conversion is None:
        return 202
    return 201 if taken.conversion.recorded_at == key.asked_at else 200


def _sale(body: ConversionIn, known: Known) -> Sale:
    facts = dict(known.buyer.facts)
    hints = Hints(facts.pop("code", ""), None, known.referral, known.advocate)
    return Sale(body.external_id, body.amount, body.currency, body.occurred_at, Buyer(**facts), hints)


def _left_out(buyer: Read) -> list[dict[str, str]]:
    return [{"pointer": f"/{name}", "detail": problem} for name, problem in buyer.left_out.items()]


def _known(key: ApiKey, items: dict[int, ConversionIn]) -> dict[int, Known | list[dict[str, str]]]:
    """What each sale says about who bought and who brought them, or what is wrong with it; in at most three
    queries."""
    pks = {n: pk_of("ref", item.referral) for n, item in items.items() if item.referral}
    friends: dict[int, Referral] = {}
    if pks:
        friends = {row.pk: row for row in _named({pk or 0 for pk in pks.values()}, key.program_id)}
    named = {n: item.advocate for n, item in items.items() if item.advocate}
    places = dict(zip(named, find_all(key, list(named.values())), strict=True)) if named else {}
    found: dict[int, Known | list[dict[str, str]]] = {}
    for n, item in items.items():
        referral, place = friends.get(pks.get(n) or 0), places.get(n)
        buyer = read_buyer(item.told, country=item.country or key.program.country)
        errors = [{"pointer": "/referral", "detail": NO_REFERRAL}] if n in pks and referral is None else []
        errors += [{"pointer": "/advocate", "detail": NOBODY}] if n in named and place is None else []
        if not (errors or referral or place or buyer.facts.keys() & {"email", "phone", "code"}):
            errors = _left_out(buyer)
        found[n] = errors or Known(referral, place.advocate if place else None, buyer)
    return found


@prepared
def _named(keys: set[int], program: int) -> "QuerySet[Referral]":
    rows = Referral.objects.filter(pk__in=keys, program=program)
    return rows.only("program", "email_key", "phone_key")
