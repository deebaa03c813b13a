"""Mails that come out of one mould, against each of them composed from end to end."""

import pytest

from campaigns.models import Message, MessageChannel, MessageTemplate, Purpose
from campaigns.services.composing import compose_html, compose_line, compose_text
from campaigns.services.frame import Frame, Rendered
from campaigns.services.moulds import Moulds
from campaigns.services.placeholders import samples
from campaigns.services.words import Wording
from tests.factories import MessageFactory, ProgramFactory

pytestmark = pytest.mark.django_db
NAMES = [
    "Anna Rossi",
    "Ben",
    "",
    "Dara O'Brien-Nì",
    "עדי שלום",
    "A  &  B",
    "<b>Bob</b>",
    "{{ company }}",
    "javascript:alert(1)",
    "http://localhost:8000/x y",
    "Cafe\u0301 \u2028\u00a0",
    "L" * 200,
]


def composed(message: Message, wording: Wording) -> Rendered:
    template, values, frame = wording.template_for(message), wording.values_of(message), Frame(message)
    subject, text = compose_line(template.subject, values), compose_text(template.body, values)
    return Rendered(subject[:150], frame.text(text), frame.html(subject, compose_html(template.body, values)))


def mail(purpose: str, name: str, number: int = 1, **fields: object) -> Message:
    names = {key: name for key in samples(purpose) if key.endswith("name")} | {"friend_names": name}
    values = (
        samples(purpose) | names | {"link": f"http://localhost:8000/f/{number}a_-/", "friend_count": number}
    )
    return MessageFactory.build(purpose=purpose, to_name=name, context=values, **fields)


def assert_each_is_as_composed(mails: list[Message]) -> None:
    wording = Wording(mails)
    for message in mails:
        assert wording.render(message) == composed(message, wording)


def test_whatever_people_are_called_each_mail_is_as_it_would_be_alone():
    program = ProgramFactory()

    assert_each_is_as_composed(
        [mail(Purpose.INVITATION, name, n, program=program) for n, name in enumerate(NAMES * 2)]
    )


def test_the_whole_bank_comes_out_of_its_moulds_letter_for_letter():
    program = ProgramFactory()
    bank = MessageTemplate.objects.filter(program=None, language="en", channel=MessageChannel.EMAIL)

    assert_each_is_as_composed(
        [
            mail(purpose, name, n, program=program, variant=variant)
            for purpose, variant in set(bank.values_list("purpose", "variant"))
            for n, name in enumerate(NAMES[:3])
        ]
    )


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("{{ advocate_name | upcase }}", "{{ advocate_name | capitalize }}"),
        ("x", '{% if advocate_name == "Ben" %}You again.{% endif %}'),
        ("x", "{% if advocate_name %}You.{% else %}Who?{% endif %}\n\n{{ advocate_name }}\n\nBye."),
        ("x", "[Go](https://acme.example/{{ advocate_name }})"),
        ("x", "[Go](https://{{ advocate_name }}/)"),
        ("x", "[Go](https://acme.example/?back={{ link }})"),
        ("y" * 140 + " {{ advocate_name }}", "x"),
    ],
)
def test_what_words_do_with_a_value_stays_as_it_was(subject, body):
    program = ProgramFactory()
    MessageTemplate.objects.create(program=program, purpose=Purpose.INVITATION, subject=subject, body=body)

    assert_each_is_as_composed([mail(Purpose.INVITATION, name, program=program) for name in NAMES])


def test_mails_that_differ_in_plain_words_only_are_composed_once():
    program = ProgramFactory()
    mails = [mail(Purpose.INVITATION, name, program=program) for name in ("Anna Rossi", "Ben", "Кирилл")]
    template = MessageTemplate(subject="{{ advocate_name }}", body="{{ link }}")
    made = []
    moulds = Moulds(
        lambda message: made.append(message) or Rendered(message.context["advocate_name"], "", "")
    )

    assert [moulds.cast(message, template).subject for message in mails] == ["Anna Rossi", "Ben", "Кирилл"]
    assert len(made) == 1
