"""Addresses, phones and names: normalised once, here, for every door.

A *key* is a keyed hash of a normalised address or phone: it finds the same person again after
the address itself has been erased, and tells nothing to whoever reads the table.
"""

import hmac
import re
import unicodedata
from contextlib import suppress
from functools import lru_cache

import idna
import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from email_validator import EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES, EMAIL_MAX_LENGTH
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

NAME_LENGTH = 60
# Providers that ignore what follows a plus, and those that ignore dots as well.
PLUS_TAGS = {"gmail.com", "outlook.com", "hotmail.com", "live.com", "fastmail.com", "icloud.com", "proton.me"}
DOTLESS = {"gmail.com"}
SAME_PROVIDER = {"googlemail.com": "gmail.com", "protonmail.com": "proton.me"}

# What nearly everything looks like, and needs no closer look: a million rows of a file cost a tenth.
_PLAIN_LOCAL = re.compile(r"(?=.{1,64}$)[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*", re.ASCII | re.IGNORECASE)
_PLAIN_NAME = re.compile(r"[a-z]+(?:[ '-][a-z]+)*", re.ASCII | re.IGNORECASE)
_PHONE = re.compile(r"[\d\s+()./-]*", re.ASCII)
_LINK = re.compile(r"https?:|www\.|[<>@]|[^\W_][.。][a-z]{2,}", re.IGNORECASE)
_MARKUP = re.compile(r"<[a-z/!?]", re.IGNORECASE)
# A full stop between letters makes a domain of a name, in any script.
_DOMAIN = re.compile(r"\w\.[^\W\d_]{2,}")
# Letters and marks by category, and nothing to see: fillers and selectors.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)


def clean_email(value: str) -> str:
    """The address as it will be stored and written to.

    Raises ValidationError with a sentence for the person who typed it.
    """
    address = unicodedata.normalize("NFKC", value).strip()
    local, _at, domain = address.rpartition("@")
    try:
        if _is_plain(local, domain) and len(address) <= EMAIL_MAX_LENGTH:
            return f"{local}@{_checked_domain(domain)}"
        return validate_email(address, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise ValidationError(
            _("This does not look like an e-mail address. Write it as name@example.com."), code="email"
        ) from error


def _is_plain(local: str, domain: str) -> bool:
    names = CASE_INSENSITIVE_MAILBOX_NAMES
    return bool(_PLAIN_LOCAL.fullmatch(local)) and domain.isascii() and local.lower() not in names


@lru_cache(maxsize=10_000)
def _checked_domain(domain: str) -> str:
    return validate_email(f"a@{domain}", check_deliverability=False, test_environment=True).domain


def email_key(value: str) -> str:
    """Keyed hash under which all spellings of one mailbox meet; empty for an empty address."""
    if not value:
        return ""
    plain = value if value.isascii() else unicodedata.normalize("NFKC", value)
    local, _at, domain = plain.strip().lower().rpartition("@")
    # An impossible domain only has to hash to the same value each time.
    with suppress(UnicodeError):
        domain = idna.encode(domain, uts46=True).decode() if not domain.isascii() else domain
    domain = SAME_PROVIDER.get(domain, domain)
    if domain in PLUS_TAGS:
        local = local.split("+", 1)[0]
    if domain in DOTLESS:
        local = local.replace(".", "")
    return keyed_hash(f"{local}@{domain}")


def clean_phone(value: str, country: str = "") -> str:
    """The number in international form (E.164). ``country`` (ISO 3166, two letters) reads local numbers.

    Raises ValidationError with a sentence for the person who typed it.
    """
    if _is_full_number(value):
        return value
    # Shopify guards numbers like a formula: '+39 06 1234567.
    value = value.removeprefix("'")
    try:
        # The library reads a number out of any text around it; what is not a number is not for us to guess.
        number = phonenumbers.parse(value, country.upper() or None) if _PHONE.fullmatch(value) else None
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValidationError(
            _("This does not look like a phone number. Begin with the country code, such as +39 06 1234567."),
            code="phone",
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def looks_like_phone(value: str) -> bool:
    """Whether this may be a number in some country: digits, and the signs that people put between them."""
    return bool(_PHONE.fullmatch(value)) and sum(c.isdigit() for c in value) >= 4


def _is_full_number(value: str) -> bool:
    """Whether this is in international form already, without anything that the library would still remove."""
    digits = value[1:]
    if value[:1] != "+" or not (digits.isascii() and digits.isdecimal()):
        return False
    # No country code begins with another.
    country = next(
        (int(digits[:n]) for n in (1, 2, 3) if int(digits[:n] or 0) in COUNTRY_CODE_TO_REGION_CODE), 0
    )
    lengths, prefix = _numbers_of(country)
    national = digits[len(str(country)) :]
    return len(national) in lengths and not (prefix and prefix.match(national))


@lru_cache(maxsize=300)
def _numbers_of(country: int) -> tuple[frozenset[int], "re.Pattern[str] | None"]:
    """How long the numbers of a country code are, and what stands before them when dialled at home."""
    region = COUNTRY_CODE_TO_REGION_CODE.get(country, ("ZZ",))[0]
    found = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(country, region)
    if found is None or found.general_desc is None:
        return frozenset(), None
    prefix = found.national_prefix_for_parsing
    return frozenset(found.general_desc.possible_length), re.compile(prefix) if prefix else None


def phone_key(value: str) -> str:
    """Keyed hash of a number in international form; empty for an empty number."""
    return keyed_hash(value) if value else ""


def clean_name(value: str) -> str:
    """A person's name, safe to stand in a mail of ours: letters, marks, spaces, ``'``, ``-``, ``.``.

    Raises ValidationError with a sentence for the person who typed it.
    """
    if len(value) <= NAME_LENGTH and _PLAIN_NAME.fullmatch(value):
        return value
    name = unicodedata.normalize("NFC", value).replace("’", "'").replace("\u00a0", " ")
    name = re.sub(" +", " ", name).strip()
    if len(name) > NAME_LENGTH:
        raise ValidationError(
            _("Write the name in %(count)d characters or fewer."), params={"count": NAME_LENGTH}
        )
    if name and not _is_name(name):
        raise ValidationError(
            _("Write a name as one says it: letters, spaces, apostrophes and hyphens only."), code="name"
        )
    return name


def first_name_of(name: str) -> str:
    """How a letter calls somebody: Anna, of ANNA ROSSI and of anna rossi, too. Initials such as JD stay."""
    first = name.split(" ")[0]
    is_shouted = name.isupper() and len(first) > 2
    return first.title() if is_shouted or name.islower() else first


def clean_text(value: str, length: int = 300) -> str:
    """A line or short note without control, bidirectional or invisible characters.

    Raises ValidationError with a sentence for the person who typed it.
    """
    if value.isascii() and value.isprintable() and len(value) <= length:
        return value.strip()
    text = unicodedata.normalize("NFC", value).strip()
    if len(text) > length:
        raise ValidationError(_("Write %(count)d characters or fewer."), params={"count": length})
    if any(
        unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for c in text if c not in "\n\r\t"
    ):
        raise ValidationError(_("Remove the invisible characters: type this text instead of pasting it."))
    return text


def refuse_unseen(value: str, *, lines: bool = True) -> None:
    """Raises ValidationError for words of staff with control, bidirectional or invisible characters. What
    joins letters and emoji may stay; ``lines`` allows several."""
    unseen = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    if any(unicodedata.category(c) in unseen for c in value if c not in "\n\r\t\u200c\u200d"):
        raise ValidationError(_("Remove the invisible characters: type this text instead of pasting it."))
    if not lines and any(c in "\n\r" for c in value):
        raise ValidationError(_("Write this on one line."))


def clean_line(value: str, length: int = 120) -> str:
    """One line that may stand in a message of ours: as ``clean_text``, and no links, addresses or markup.

    Raises ValidationError with a sentence for the person who typed it.
    """
    text = clean_text(value, length)
    if any(c in "\n\r\t" for c in text):
        raise ValidationError(_("Write this on one line."))
    if _LINK.search(unicodedata.normalize("NFKC", text)):
        raise ValidationError(_("Write this in plain words, without links, addresses or the signs < and >."))
    return text


def clean_note(value: str, length: int = 300) -> str:
    """A note for a person to read: as ``clean_text``, and no markup.

    Raises ValidationError with a sentence for the person who typed it.
    """
    text = clean_text(value, length)
    if _MARKUP.search(unicodedata.normalize("NFKC", text)):
        raise ValidationError(_("Write this in plain words, without markup."))
    return text


def _is_name(name: str) -> bool:
    kinds = {unicodedata.category(c)[0] for c in name if c not in " '-."}
    # As a browser reads it: full-width letters make a domain too.
    plain = unicodedata.normalize("NFKC", name)
    return "L" in kinds <= {"L", "M"} and not _UNSEEN.search(name) and not _DOMAIN.search(plain)


def keyed_hash(value: str) -> str:
    state = _keyed(settings.HASH_KEY).copy()
    state.update(value.encode(errors="surrogatepass"))
    return state.hexdigest()[:32]


@lru_cache(maxsize=2)
def _keyed(key: str) -> hmac.HMAC:
    return hmac.new(key.encode(), digestmod="sha256")
