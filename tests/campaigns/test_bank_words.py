"""Every template of the bank with every kind of name, in each language; whatever is wrong is listed at once."""

import re

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError

from campaigns.models import ASKED_FOR, TO_STAFF, MessageChannel, MessageTemplate, Purpose
from campaigns.services.bank import read_bank
from campaigns.services.checking import check_words
from campaigns.services.composing import compose_html, compose_line, compose_text
from campaigns.services.placeholders import PLACEHOLDERS, samples
from campaigns.services.trying import preview
from tests.factories import ProgramFactory

# Languages whose bank is complete: every template of English is there.
COMPLETE = ["en", "it", "ru", "es", "fr", "nl"]
LANGUAGES = [language for language, _name in settings.LANGUAGES]
BANK: dict[str, list[MessageTemplate]] = {language: [] for language in LANGUAGES}
for _template in read_bank():
    BANK[_template.language].append(_template)

NAMES = {
    "short": "Li",
    "long": "Maximiliane Hildegard von Hohenzollern-Sigmaringen zu Bergen",
    "missing": "",
    "right to left": "עדי שלום",
    "apostrophe": "Dara O'Brien-Nì",
}
# As long as real ones: the token in a personal link has 32 characters.
LINK = "https://refer.example.com/a/" + "k" * 32 + "/"
GSM = re.compile(
    r"[@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà€\[\]{}~^|\\]*"
)


def named(template: MessageTemplate) -> str:
    kind = f".{template.contact_kind}" if template.contact_kind else ""
    variant = f"-{template.variant}" if template.variant else ""
    return f"{template.language}/{template.purpose}{kind}.{template.channel}{variant}"


def as_read(template, **values):
    known = samples(template.purpose) | values
    return compose_text(template.body, known)


def of_channel(language, *channels):
    return [template for template in BANK[language] if template.channel in channels]


@pytest.mark.parametrize("language", LANGUAGES)
def test_they_pass_the_check_that_managers_words_must_pass(language):
    refused = {}
    for template in BANK[language]:
        try:
            check_words(template.purpose, template.subject, template.body)
        except (ValidationError, KeyError) as wrong:
            refused[named(template)] = str(wrong)

    assert refused == {}


@pytest.mark.parametrize("formal", ["", "yes"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_they_read_well_whatever_the_name(language, formal):
    wrong = []
    for template in BANK[language]:
        for name in NAMES.values():
            people = {k: name for k in samples(template.purpose) if k.endswith("name") or k == "friend_names"}
            wrong += faults_of(template, samples(template.purpose) | people | {"formal": formal})

    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_they_read_well_with_nothing_but_what_is_always_there(language):
    wrong = []
    for template in BANK[language]:
        known = PLACEHOLDERS[template.purpose]
        gaps = {
            name: ""
            for name, what in known.items()
            if "or nothing" in what.description or "may be empty" in what.description
        }
        wrong += faults_of(template, samples(template.purpose) | gaps)

    assert wrong == []


def faults_of(template, values):
    subject, text = compose_line(template.subject, values), compose_text(template.body, values)
    html = compose_html(template.body, values)
    found = [
        bad for bad in ("{", "LIQUID", " ,", "[[", "]]", "||") for w in (subject, text, html) if bad in w
    ]
    found += [bad for bad in ("**", "\n\n\n", " .", "()", "  ") if bad in text]
    found += ["<p></p>"] if "<p></p>" in html else []
    found += ["no subject"] if template.channel == MessageChannel.EMAIL and not subject else []
    found += ["no words"] if not text or text.endswith(",") else []
    return [f"{named(template)}: {bad!r}" for bad in found]


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_messages_fit_into_one_and_in_russian_into_two(language):
    too_long = {}
    for template in of_channel(language, MessageChannel.SMS):
        for formal in ("", "yes"):
            text = as_read(template, link=LINK, formal=formal)
            limit = 160 if GSM.fullmatch(text) else 134
            if len(text) > limit:
                too_long[named(template)] = f"{len(text)} of {limit}: {text}"

    assert too_long == {}


def test_mail_has_words_for_every_purpose_and_every_kind_of_contact_is_asked():
    mail = {template.purpose for template in of_channel("en", MessageChannel.EMAIL)}
    elsewhere = {
        Purpose.NEWSLETTER_BLOCK, Purpose.BLOG_BLOCK, Purpose.LANDING_COPY, Purpose.CHAT_WORDS,
        Purpose.CALL_SCRIPT, Purpose.SALES_SCRIPT, Purpose.SUPPORT_SCRIPT, Purpose.UNHAPPY_SCRIPT,
    }  # fmt: skip
    asks = {(t.contact_kind, t.variant) for t in of_channel("en", "email") if t.purpose == Purpose.ASK}

    assert mail == set(PLACEHOLDERS) - elsewhere
    assert len(BANK["en"]) >= 45
    kinds = ("", "customer", "past_customer", "lost_lead", "leader", "supplier", "partner", "employee")
    assert asks == {(kind, variant) for kind in kinds for variant in ("", "short")}


@pytest.mark.parametrize("language", COMPLETE)
def test_a_complete_language_has_everything_that_english_has_and_nothing_else(language):
    def wanted(template):
        # What only our own staff read is written in English, and in other languages where somebody has.
        return template.purpose not in TO_STAFF

    ours = {named(t).partition("/")[2] for t in BANK[language] if wanted(t)}
    english = {named(t).partition("/")[2] for t in BANK["en"] if wanted(t)}

    assert sorted(english - ours) == []
    assert sorted(ours - english) == []


@pytest.mark.django_db
def test_mail_carries_the_opt_out_where_it_must_and_nowhere_else():
    program, wrong = ProgramFactory(), []
    for template in of_channel("en", MessageChannel.EMAIL):
        must = template.purpose not in ASKED_FOR | TO_STAFF
        rendered = preview(template, program)
        if {"/u/" in rendered.text, "/u/" in rendered.html} != {must}:
            wrong.append(named(template))

    assert wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_text_messages_say_how_to_get_no_more(language):
    program = ProgramFactory(company="Acme")
    texts = {named(t): preview(t, program).text for t in of_channel(language, MessageChannel.SMS)}

    assert [name for name, text in texts.items() if not re.search("STOP|СТОП", text)] == []
