"""What other systems may write: each kind of text is read by the same cleaner as on our own pages."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Literal

from babel.numbers import is_currency
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from ninja import Field
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from referrals.api.problems import invalid
from referrals.cells import AHEAD, EARLIEST, LARGEST
from referrals.contacts import (
    clean_email,
    clean_line,
    clean_name,
    clean_note,
    clean_phone,
    clean_text,
    looks_like_phone,
)
from referrals.happenings import KINDS
from referrals.models import Event
from referrals.models.program import valid_timezone
from referrals.namings import country_of, language_of

MOST_FIELDS = 50


class Given(BaseModel):
    """What another system sends. A field that we do not know is refused: passed over, it would be missed."""

    model_config = ConfigDict(extra="forbid")


def cleaned(clean: Callable[[str], str]) -> AfterValidator:
    """Reads a text by one of our cleaners; what it refuses, it refuses in its own words."""

    def read(value: str) -> str:
        try:
            return clean(value) if value else value
        except ValidationError as error:
            raise wrong(" ".join(error.messages)) from None

    return AfterValidator(read)


def wrong(sentence: str) -> PydanticCustomError:
    # Braces would be taken for placeholders.
    return PydanticCustomError("wrong", "{sentence}", {"sentence": sentence})


def _time_zone(value: str) -> str:
    valid_timezone(value)
    return value


def _currency(value: str) -> str:
    if not is_currency(value):
        raise ValidationError("No currency has this code. Write three capital letters, such as EUR.")
    return value


def _language(value: str) -> str:
    if (code := language_of(value)) is None:
        ours = ", ".join(dict(settings.LANGUAGES))
        raise ValidationError(f"Write a language as BCP 47 does; of these we write {ours}.")
    return code


def _country(value: str) -> str:
    if (code := country_of(value)) is None:
        raise ValidationError("No country is called like this. Write its two letters, such as IT.")
    return code


def _any_phone(value: str) -> str:
    # Only with its country can it be read: ``read_phone()`` does, once that is known.
    return value if looks_like_phone(value) else clean_phone(value)


def read_phone(given: dict[str, Any], country: str) -> None:
    """Put the number that is given into international form; ``country`` is where it is dialled, unless the person's
    own is given. Raises Problem."""
    try:
        if given.get("phone"):
            given["phone"] = clean_phone(given["phone"], given.get("country") or country)
    except ValidationError as error:
        raise invalid([{"pointer": "/phone", "detail": " ".join(error.messages)}]) from error


def _moment(value: datetime) -> datetime:
    if value.year < EARLIEST or value > timezone.now() + AHEAD:
        raise wrong("This is too long ago or still to come. Check the year.")
    return value.astimezone(UTC)


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """Names and values without anything in them: text is read as text, and nothing stands in anything."""
    if len(value) > MOST_FIELDS:
        raise wrong(f"At most {MOST_FIELDS} fields are kept.")
    try:
        return {
            clean_text(name, 80): clean_text(one, 300) if isinstance(one, str) else one
            for name, one in value.items()
        }
    except ValidationError as error:
        raise wrong(" ".join(error.messages)) from None


# A number beyond what JSON and both databases carry exactly would come back as another.
Number = Annotated[int, Field(ge=-(2**53), le=2**53)] | Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(max_length=60, examples=["Anna Rossi"]), cleaned(clean_name)]
Email = Annotated[str, Field(max_length=254, examples=["anna@example.com"]), cleaned(clean_email)]
Phone = Annotated[
    str,
    Field(max_length=40, examples=["+39 06 1234567"], description="With the country code."),
    cleaned(clean_phone),
]
# As another system has it of somebody who bought: read later, as far as it can be.
Told = Annotated[str, Field(max_length=254)]
LocalPhone = Annotated[
    str,
    Field(
        max_length=40, examples=["+39 06 1234567"],
        description="With the country code, or as dialled in the person's country, else in the program's.",
    ),
    cleaned(_any_phone),
]  # fmt: skip
Line = Annotated[str, Field(max_length=120), cleaned(clean_line)]
Company = Annotated[str, Field(max_length=80), cleaned(partial(clean_line, length=80))]
Note = Annotated[str, Field(max_length=300), cleaned(clean_note)]
Words = Annotated[str, Field(max_length=2000), cleaned(partial(clean_text, length=2000))]
ExternalId = Annotated[
    str,
    Field(max_length=80, pattern=r"^\S(.*\S)?$|^$", examples=["42"], description="As your system knows it."),
    cleaned(partial(clean_line, length=80)),
]
Tag = Annotated[
    str, Field(min_length=1, max_length=60, examples=["VIP"]), cleaned(partial(clean_line, length=60))
]
Country = Annotated[
    str,
    Field(max_length=60, examples=["IT"], description="By two or three letters, or by name; kept as two."),
    cleaned(_country),
]
Language = Annotated[
    str,
    Field(
        max_length=35, examples=["it"],
        description="A BCP 47 tag, such as en-US: its language is kept if we write in it, else none.",
    ),
    cleaned(_language),
]  # fmt: skip
TimeZone = Annotated[str, Field(max_length=40, examples=["Europe/Rome"]), cleaned(_time_zone)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"]), cleaned(_currency)]
Amount = Annotated[
    int, Field(strict=True, ge=0, le=LARGEST, description="In minor units, such as cents.", examples=[12900])
]
Moment = Annotated[AwareDatetime, AfterValidator(_moment), Field(examples=["2026-03-04T10:00:00Z"])]
Plain = Annotated[dict[str, str | bool | Number | None], AfterValidator(_plain)]
Kind = Literal[
    "purchase", "deal_won", "deal_lost", "project_done", "result", "milestone", "engaged", "satisfaction",
    "customer_created", "tag_applied", "tag_removed", "list_added", "field_changed", "survey.answered",
    "review.left", "followed", "shared",
]  # fmt: skip
# What each kind must tell, beside who and when.
TOLD = {kind: columns.required for kind, columns in KINDS.items()} | {Event.Kind.TAG_REMOVED: ("tag",)}


def check_told(kind: str, data: dict[str, Any]) -> None:
    """Raises, with a sentence, unless a happening of this kind tells what it must."""
    for name in TOLD[Event.Kind(kind)]:
        if name not in data:
            raise wrong(f"A happening of this kind tells “{name}” in its data.")
    for name, value in data.items():
        if name in CHECKS and not CHECKS[name](value):
            raise wrong(f"“{name}” in data: {SAYS[name]}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= 60


def _is_number(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


CHECKS: dict[str, Callable[[Any], bool]] = {
    "amount": lambda value: _is_number(value, LARGEST),
    "score": lambda value: _is_number(value, 10),
    "currency": lambda value: isinstance(value, str) and bool(is_currency(value)),
    "tag": _is_text,
}
SAYS = {
    "amount": "write minor units, such as cents, as a whole number.",
    "score": "write a whole number from 0 to 10.",
    "currency": "write three capital letters, such as EUR.",
    "tag": "write a word or two, at most 60 characters.",
}
