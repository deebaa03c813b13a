import unicodedata

import pytest
from django.core.exceptions import ValidationError
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from referrals.contacts import clean_email, clean_name, clean_phone, clean_text, email_key, phone_key

anything = st.text(alphabet=st.characters(exclude_categories=[]))
# Near what people type, and near what attackers type.
nearly = st.text(
    alphabet="abzABZ@.+-'()/:\\ \t\n\r\0<>,;0123456789éßİıſﬁ。．ａ＠\u202e\u200b\u00ad\u3164\ud800"
)
text = anything | nearly


@given(text)
def test_any_text_has_a_key_and_always_the_same(value):
    assert email_key(value) == email_key(value)
    assert len(email_key(value)) == (32 if value else 0)
    assert len(phone_key(value)) == (32 if value else 0)


@pytest.mark.parametrize(
    "spelling",
    [
        "Anna.Rossi@gmail.com", "annarossi@GMAIL.com", "anna.rossi+friends@gmail.com", "annarossi@googlemail.com",
        " anna.rossi@gmail.com ", "ａｎｎａ.rossi@gmail.com",
    ],
)  # fmt: skip
def test_all_spellings_of_one_mailbox_meet_under_one_key(spelling):
    assert email_key(spelling) == email_key("annarossi@gmail.com")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna.rossi@x.example", "annarossi@x.example"),
        ("anna+a@x.example", "anna+b@x.example"),
        ("anna@strasse.de", "anna@straße.de"),
        ("anna@x.example", "anna@y.example"),
    ],
)
def test_different_mailboxes_have_different_keys(one, other):
    assert email_key(one) != email_key(other)


def test_an_international_domain_has_one_key_however_it_is_written():
    assert email_key("anna@bücher.example") == email_key("anna@xn--bcher-kva.example")
    assert email_key("anna@bücher.example") == email_key("anna@BÜCHER.example")


@given(local=st.from_regex(r"[a-z][a-z0-9._+-]{0,20}[a-z]", fullmatch=True), domain=st.sampled_from(
    ["gmail.com", "x.example", "bücher.example", "Straße.de", "outlook.com", "пример.example"]
))  # fmt: skip
def test_a_cleaned_address_keeps_its_key(local, domain):
    typed = f" {local.upper()}@{domain.upper()}"
    try:
        cleaned = clean_email(typed)
    except ValidationError:
        return
    assert email_key(cleaned) == email_key(typed)
    assert clean_email(cleaned) == cleaned


@given(
    local=st.from_regex(r"[A-Za-z0-9._+-]{1,66}", fullmatch=True)
    | st.sampled_from(["Sales", "INFO", "a" * 65]),
    domain=st.sampled_from(
        ["X.example", "xn--bcher-kva.example", "-.example", "localhost", "a..b", "1.2.3.4"]
    ),
)
def test_a_plain_address_is_read_quickly_as_the_standard_would_read_it(local, domain):
    try:
        expected = validate_email(
            f"{local}@{domain}", check_deliverability=False, test_environment=True
        ).normalized
    except EmailNotValidError:
        with pytest.raises(ValidationError):
            clean_email(f"{local}@{domain}")
    else:
        assert clean_email(f"{local}@{domain}") == expected


@given(text)
def test_whatever_is_typed_as_an_address_is_clean_or_refused(value):
    try:
        cleaned = clean_email(value)
    except ValidationError:
        return
    assert cleaned.count("@") == 1
    assert len(cleaned) <= 254
    assert not any(c.isspace() or unicodedata.category(c)[0] in "CZ" for c in cleaned)


@given(text, st.sampled_from(["", "IT", "us", "ZZ"]))
def test_whatever_is_typed_as_a_phone_is_international_or_refused(value, country):
    try:
        cleaned = clean_phone(value, country)
    except ValidationError:
        return
    assert (cleaned[0], cleaned[1:].isascii() and cleaned[1:].isdigit()) == ("+", True)
    assert len(cleaned) <= 20


@given(text)
def test_whatever_is_typed_as_a_name_is_a_name_or_refused(value):
    try:
        cleaned = clean_name(value)
    except ValidationError:
        return
    assert clean_name(cleaned) == cleaned
    assert len(cleaned) <= 60
    assert all(c in " '-." or unicodedata.category(c)[0] in "LM" for c in cleaned)
    assert not any(c.isspace() and c != " " for c in cleaned)
    assert not cleaned or any(c.isalpha() for c in cleaned)


@pytest.mark.parametrize(
    "name",
    [
        "Anna Rossi", "O'Brien", "Jean-Luc", "J. R. R. Tolkien", "José", "Γιώργος", "李小龍", "محمد", "नेहा",
        "Dr. Özil",
    ],
)  # fmt: skip
def test_names_of_the_world_are_names(name):
    assert clean_name(name) == unicodedata.normalize("NFC", name)


def test_a_pasted_name_loses_its_odd_spaces_and_quotes():
    assert clean_name("  Anna\u00a0 O’Brien ") == "Anna O'Brien"


@pytest.mark.parametrize(
    "name",
    [
        "evil.com", "www.evil", "evil.example",
        "evil.ｃｏｍ", "ｅｖｉｌ．ｃｏｍ", "evil。com", "пример.рф", "http://x", "a@b", "call 12345",
        "Anna\nBcc: x", "Anna\u2028x", "Anna\u202ex", "Anna\u200bx", "Anna\u3164", "\u3164", "\u115f", "Anna\ufe0f",
        "...", "-", "<b>Anna</b>", "{{ name }}", "x" * 61, "\ud800", "\0",
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused_with_a_sentence(name):
    with pytest.raises(ValidationError) as refused:
        clean_name(name)

    assert " ".join(refused.value.messages).startswith(("Write the name", "Write a name"))


@given(text, st.integers(1, 300))
def test_whatever_is_typed_as_text_has_nothing_invisible_or_is_refused(value, length):
    try:
        cleaned = clean_text(value, length)
    except ValidationError:
        return
    assert clean_text(cleaned, length) == cleaned
    assert len(cleaned) <= length
    assert not {unicodedata.category(c) for c in cleaned if c not in "\n\r\t"} & {
        "Cc",
        "Cf",
        "Cs",
        "Zl",
        "Zp",
    }
    cleaned.encode()


def test_a_new_emoji_is_text():
    assert clean_text("thanks \U0001fae8") == "thanks \U0001fae8"
