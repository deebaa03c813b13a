"""What systems know of buyers is as untidy as what people type. The sale counts all the same: what cannot be read is
left out, and said to be."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from django.core.exceptions import ValidationError

from referrals.contacts import clean_email, clean_line, clean_name, clean_phone

OF_BUYER = ("email", "phone", "name", "company", "code")


class Read(NamedTuple):
    """What could be read, each clean, and what was wrong with the rest."""

    facts: dict[str, str]
    left_out: dict[str, str]


def read_buyer(told: Mapping[str, str], *, country: str) -> Read:
    """What is ``told`` of a buyer, as far as it can be read. ``country`` (ISO 3166, two letters) is where a
    phone number without its country code is at home."""
    cleaners: dict[str, Callable[[str], str]] = {
        "email": clean_email,
        "phone": partial(clean_phone, country=country),
        "name": clean_name,
        "company": partial(clean_line, length=80),
        "code": partial(clean_line, length=20),
    }
    read = Read({}, {})
    for name in OF_BUYER:
        if text := told.get(name, "").strip():
            try:
                read.facts[name] = cleaners[name](text)
            except ValidationError as error:
                read.left_out[name] = " ".join(error.messages)
    return read
