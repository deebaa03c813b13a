"""How a program speaks: formally or not, warmly or briefly, and who signs."""

import pytest

from campaigns.models import BrandVoice, Message, MessageTemplate, Purpose
from campaigns.services.words import Wording
from tests.factories import MessageFactory, ProfileFactory, ProgramFactory

pytestmark = pytest.mark.django_db


def words(program, body="", **message):
    """What a reader gets, from the bank's ask or the program's own words."""
    if body:
        MessageTemplate.objects.create(program=program, purpose=Purpose.ASK, body=body)
    asked = MessageFactory.build(purpose=Purpose.ASK, program=program, **message)
    return Wording([asked]).text(asked)


@pytest.mark.parametrize(
    ("address", "formal_in"),
    [
        ("usual", ["fr", "ru"]),
        ("informal", ["ru"]),
        ("formal", ["en", "es", "fr", "it", "nl", "ru"]),
    ],
)
def test_people_are_addressed_as_the_voice_says_and_in_russian_always_formally(address, formal_in):
    voice = BrandVoice(address=address)

    assert [code for code in ("en", "es", "fr", "it", "nl", "ru") if voice.is_formal(code)] == formal_in


def test_words_can_tell_formal_readers_from_others():
    program = ProgramFactory()
    body = "{% if formal %}Dear Ms Rossi{% else %}Hi Anna{% endif %}"

    assert words(program, body) == "Hi Anna"
    BrandVoice.objects.create(program=program, address="formal")
    assert words(type(program).objects.get()) == "Dear Ms Rossi"


def test_the_person_of_the_voice_signs_and_without_one_the_company():
    program = ProgramFactory(sender_name="Acme Care")

    assert words(program).endswith("Warm regards,\nAcme Care")

    BrandVoice.objects.create(
        program=program, sign_off="Yours,", signer="Marta Bianchi", signer_role="customer care"
    )
    assert words(type(program).objects.get()).endswith("Yours,\nMarta Bianchi, customer care")


def test_a_sign_off_is_in_one_language_and_stays_there():
    program = ProgramFactory(language="it")
    BrandVoice.objects.create(program=program, sign_off="A presto,", signer="Marta")

    assert words(program, language="en").endswith("Warm regards,\nMarta")


def test_a_plain_tone_takes_the_short_words_and_a_programs_own_words_come_first():
    program = ProgramFactory()
    BrandVoice.objects.create(program=program, tone="plain")

    assert words(program, contact_kind="partner") == words(program, contact_kind="partner", variant="short")
    assert words(program, "Our own words", contact_kind="partner") == "Our own words"


def test_a_variant_asked_for_by_name_comes_before_everything_and_one_that_is_missing_before_nothing():
    program = ProgramFactory()
    for variant in ("", "b"):
        MessageTemplate.objects.create(
            program=program, purpose=Purpose.ASK, variant=variant, body=f"Own {variant}"
        )

    assert words(program, variant="b") == "Own b"
    assert words(program, variant="c") == "Own"
    assert words(ProgramFactory(), variant="b") == words(ProgramFactory())
    best = MessageTemplate.objects.for_message(Purpose.ASK, program=program, language="en", variant="b")
    assert best.first().body == "Own b"


def test_an_ask_says_whom_the_program_helps_best():
    program = ProfileFactory(headline="Small companies that hate paperwork.").program

    assert "Who we can help best: Small companies that hate paperwork." in words(program)


def test_the_voice_that_came_along_costs_no_query(django_assert_num_queries):
    MessageFactory(purpose=Purpose.ASK)
    messages = list(Message.objects.select_related("program__voice", "program__profile"))

    with django_assert_num_queries(2):
        Wording(messages).render(messages[0])
