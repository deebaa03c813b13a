"""Mail as we write it for an SMTP server, against Django's own, octet for octet."""

import re

import pytest
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import sanitize_address

from campaigns.letter import Letter

USUAL = {
    "subject": "Your friend is a customer now",
    "body": "Hello Anna,\n\nthank you.\n",
    "from_email": '"Acme" <hello@acme.example>',
    "to": ["anna@mail.example"],
    "headers": {
        "Message-ID": "<0197f1f4-1111-7000-8000-123456789abc@refer.acme.example>",
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": "<https://refer.acme.example/u/abcdefghijklmnopqrstuvwxyz012345/>",
    },
}


def written(kind: type[EmailMultiAlternatives], html: str | None, **fields: object) -> bytes | str:
    """What goes over the wire, without what is drawn anew or told by the clock; or why it does not."""
    mail = kind(**USUAL | fields)
    if html is not None:
        mail.attach_alternative(html, "text/html")
    try:
        octets = mail.message().as_bytes(linesep="\r\n")
    except ValueError as error:
        return repr(error)
    boundary = re.search(rb'boundary="([^"]+)"', octets)
    return re.sub(rb"\r\nDate: [^\r]+", b"", octets.replace(boundary[1], b"_") if boundary else octets)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"subject": "Привет, как дела у вас сегодня в это прекрасное утро? И ещё немного слов"},
        {"subject": "as many words as no line can hold " * 4},
        {"subject": "y" * 150},
        {"subject": "a =?utf-8?q?b?= c,  d"},
        {"subject": ""},
        {"subject": " lead and trail "},
        {"subject": "tab\there \x7f\u00a0"},
        {"subject": "two\r\nBcc: victim@mail.example"},
        {"from_email": '"Acme & Söhne" <a@b.example>'},
        {
            "from_email": '"A company with a long name, and sons, and daughters, and all their friends" <a@b.example>'
        },
        {"from_email": "Acme\nBcc: victim@mail.example <a@b.example>"},
        {"reply_to": ["Hülfe <help@acme.example>"]},
        {"to": ["b" * 60 + "@" + "c" * 60 + ".example"]},
        {"to": ["jös@bücher.example"]},
        {"to": ["o'brien+x@mail.example"]},
        {"headers": {"Message-ID": f"<1@{'a' * 80}.example>", "X-Metadata": '{"message": "1"}'}},
        {"body": "From me\n.\n..dots\r\nand\rends\n\n \n"},
        {"body": "Grüße\u2028aus\x85Köln\x0b"},
        {"body": ""},
        {"body": "x" * 998},
        {"body": "x" * 999},
        {"html": "<p>é</p>\n\n"},
        {"html": ""},
        {"html": None},
    ],
)
def test_our_mail_is_djangos_octet_for_octet(fields):
    fields = {"html": "<p>Hello Anna</p>\n"} | fields

    assert written(Letter, **fields) == written(EmailMultiAlternatives, **fields)


def test_nobody_can_foresee_where_a_part_ends():
    mails = [Letter(**USUAL), Letter(**USUAL)]
    for mail in mails:
        mail.attach_alternative("<p>x", "text/html")

    assert len({mail.message().as_bytes("\r\n").partition(b"\r\nMIME")[0] for mail in mails}) == 2


@pytest.mark.parametrize(
    "address",
    [
        "anna@mail.example",
        "Anna.Rossi+x_y-z@Mail.example",
        "o'brien@mail.example",
        "jös@bücher.example",
        '"Anna Rossi" <anna@mail.example>',
        "anna..rossi@mail.example",
        "anna@localhost",
        "anna@-mail-.example",
        "anna@mail",
        "anna mail@mail.example",
        "anna",
    ],
)
def test_the_server_is_told_the_addresses_that_django_would_tell_it(address):
    def told(find):
        try:
            return find()
        except ValueError as error:
            return repr(error)

    letter = Letter(**USUAL | {"to": [address]})

    assert told(lambda: letter.envelope[1][0]) == told(lambda: sanitize_address(address, "utf-8"))
