"""What the editor says about an ask: in each language, of words that lack something and of words that do not."""

import pytest

from campaigns.models import Purpose
from campaigns.services.bank import read_bank
from campaigns.services.framing import ASKS, framing_hints

GOOD = {
    "en": "Dear {{ first_name }}, thank you. Do you know someone who faces the same problem?",
    "it": "Cara {{ first_name }}, grazie. Conosci qualcuno con lo stesso problema?",
    "es": "Hola, {{ first_name }}: te agradecemos la confianza. ¿Conoces a alguien con el mismo problema?",
    "nl": "Dag {{ first_name }}, dank je wel. Ken je iemand met hetzelfde probleem?",
    "fr": "Bonjour {{ first_name }}, merci. Connaissez-vous quelqu'un qui a le même problème ?",
    "ru": "{{ first_name }}, благодарим вас. Знаете ли вы кого-то с такой же задачей?",
}
ABOUT_US = {
    "en": "Who else can I call?",
    "it": "Chi altro posso chiamare?",
    "es": "¿A quién más puedo llamar?",
    "nl": "Wie kan ik nog meer bellen?",
    "fr": "Qui d'autre puis-je appeler ?",
    "ru": "Кому ещё я могу позвонить?",
}
LIKE_A_MACHINE = {
    "en": "You have been referred",
    "it": "Gentile cliente",
    "es": "Estimado cliente",
    "nl": "Geachte klant",
    "fr": "Veuillez noter",
    "ru": "Уважаемый клиент",
}
LINK = "\n\n[→]({{ link }})"


def hints(body, language="en", purpose=Purpose.ASK, **more):
    return framing_hints(purpose, language, body, **more)


@pytest.mark.parametrize("language", GOOD)
def test_an_ask_that_thanks_is_personal_and_about_them_needs_no_hint(language):
    assert hints(GOOD[language] + LINK, language) == []


@pytest.mark.parametrize("language", GOOD)
def test_an_ask_about_us_is_told_to_ask_about_them_in_the_same_language(language):
    (hint,) = hints(GOOD[language] + f" {ABOUT_US[language]}" + LINK, language)

    assert hint.startswith(f"“{ABOUT_US[language].strip('¿? ')}” is about us. Ask about them: “")


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "Who can we call"), ("it", "Chi possiamo chiamare"), ("es", "A quién podemos llamar"),
        ("nl", "Wie kunnen we nog bellen"), ("fr", "Qui puis-je encore appeler"), ("ru", "Кому мы можем позвонить"),
    ],
)  # fmt: skip
def test_other_ways_of_asking_about_us_are_pointed_out_too(language, question):
    (hint,) = hints(GOOD[language] + f" {question}?" + LINK, language)

    assert hint.startswith(f"“{question}” is about us.")


def test_a_curly_apostrophe_is_an_apostrophe():
    (hint,) = hints(GOOD["fr"] + " Qui d’autre puis-je appeler ?" + LINK, "fr")

    assert "is about us" in hint


def test_a_gift_is_no_thank_you():
    assert "Say thank you" in hints("Ciao {{ first_name }}, è gratis. Chi conosci?" + LINK, "it")[0]


@pytest.mark.parametrize("language", GOOD)
def test_words_of_a_machine_are_pointed_out_whatever_they_are_for(language):
    (hint,) = hints(f"{LIKE_A_MACHINE[language]}.", language, Purpose.WELCOME)

    assert hint == f"“{LIKE_A_MACHINE[language]}” sounds like a machine. Say it as you would across a table."


@pytest.mark.parametrize("language", GOOD)
def test_an_ask_that_lacks_everything_hears_of_each(language):
    found = hints("Xyz.", language)

    assert [hint.split(":")[0].split(".")[0] for hint in found] == [
        "Say thank you",
        "Write to the person",
        "There is no question",
        "There is nothing to do",
    ]


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ("Thank you! Really! Do you know someone, {{ first_name }}?" + LINK,
         "There are 2 exclamation marks. One is enough."),
        (GOOD["en"] + LINK + LINK, "There are 2 links. Keep the one that matters."),
        (GOOD["en"] + " word" * 240 + LINK,
         "It takes 76 seconds to read. Most people give it one minute: leave something out."),
    ],
)  # fmt: skip
def test_one_thing_too_many_is_pointed_out(body, hint):
    assert hints(body) == [hint]


def test_a_word_that_only_contains_a_bad_one_is_fine():
    assert hints("A useful thing for busers.", purpose=Purpose.WELCOME) == []


def test_what_is_no_ask_is_only_asked_to_thank_where_thanks_are_due():
    assert hints("Your friend is a customer.", purpose=Purpose.SUCCESS_THANKS) == [
        "Say thank you: whoever is thanked likes to help again."
    ]
    assert hints("Xyz.", purpose=Purpose.REWARD_WAITING) == []


def test_words_that_cannot_be_read_are_left_to_the_check():
    assert hints("{% if %}") == hints("{{ unknown }}") == hints("x", purpose=Purpose.DIGEST) == []


def test_a_text_message_is_not_measured_in_minutes():
    assert hints(GOOD["en"] + " word" * 240 + " {{ link }}", channel="sms") == []


def test_the_banks_own_asks_need_no_hint_in_any_language():
    asks = [template for template in read_bank() if template.purpose in ASKS]
    found = {
        f"{ask.language}/{ask.purpose}.{ask.contact_kind}.{ask.channel}-{ask.variant}": framing_hints(
            ask.purpose, ask.language, ask.body, subject=ask.subject, channel=ask.channel
        )
        for ask in asks
    }

    assert {name: hint for name, hint in found.items() if hint} == {}


def test_words_to_one_person_may_say_the_name_itself_and_are_no_markdown():
    words = "Dear Anna, thank you. Do you know someone who faces the same problem?"

    said = hints(words, reader="Anna")

    assert said == ["There is nothing to do. Give one way to answer: {{ link }}"]
    assert hints(f"{words}\n{{{{ link }}}}", reader="Anna") == []
    assert hints(f"{words}\n{{{{ link }}}}", reader="Ben") == [
        "Write to the person: begin with {{ first_name }}."
    ]
