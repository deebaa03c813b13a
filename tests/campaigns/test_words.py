"""What people read: which words fit, what a frame adds, and hostile values and words."""

import re

import pytest
from django.core.exceptions import ValidationError
from liquid.exceptions import LiquidError

from campaigns.models import Message, MessageTemplate, Purpose
from campaigns.services.composing import compose_html, compose_line, compose_text
from campaigns.services.placeholders import samples
from campaigns.services.words import NoWords, Wording, check_words, invitation_preview, render, share_words
from referrals.services.referral import Friend, submit_referrals
from tests.factories import EnrolmentFactory, MessageFactory, ProgramFactory, RewardRuleFactory

HOSTILE = [
    "<script>alert(1)</script>",
    "<strong>loud</strong>",
    "{{ company }}{% for i in (1..9) %}x{% endfor %}",
    "[click](https://evil.example) **bold** # head",
    "javascript:alert(1)",
    'x" onmouseover="alert(1)',
    "LIQUIDV0X LIQUIDT1X",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_read_as_it_is_and_as_nothing_else(value):
    html = compose_html(
        "Hello **{{ name }}**, [open]({{ link }})", {"name": value, "link": "https://a.example/"}
    )
    text = compose_text(
        "Hello **{{ name }}**, [open]({{ link }})", {"name": value, "link": "https://a.example/"}
    )

    assert text == f"Hello {value}, open: https://a.example/"
    assert html.count("<") == 6
    assert html.count("href=") == html.count("<strong>") == 1


def test_a_value_cannot_leave_the_address_it_stands_in():
    html = compose_html("[open]({{ link }})", {"link": 'https://a.example/" onclick="alert(1)'})

    assert html.count('"') == 6
    assert 'onclick="' not in html


@pytest.mark.parametrize(
    "words",
    [
        "{{ name.__class__ }}",
        "{{ name.__class__.__mro__[1] }}",
        "{{ settings.SECRET_KEY }}",
        "{{ unknown }}",
        "{% for i in (1..100000000) %}x{% endfor %}",
        "{% assign a = name %}{{ a }}",
        "{% include 'x' %}",
        "{% render 'x' %}",
        "{% capture a %}x{% endcapture %}",
        "{% liquid echo name %}",
        "{{ name | append: name }}",
        "{{ name | replace: 'a', 'aaaaaaaaaaaaaaaa' }}",
        "{{ name | safe }}",
        "{% if name %}" * 40 + "{% endif %}" * 40,
        "{% if name %}",
        "{{ name | date: '%9999999999d' }}",
    ],
)
def test_words_that_ask_for_more_than_a_value_are_refused_at_saving_and_at_sending(words):
    with pytest.raises(ValidationError):
        check_words(Purpose.WELCOME, "", words)
    with pytest.raises(LiquidError):
        compose_html(words, {"name": "Anna"})


@pytest.mark.parametrize(
    "words",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "{{ '<img src=x onerror=alert(1)>' }}",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://evil.example/pixel.gif)",
    ],
)
def test_markup_of_managers_cannot_run_or_load_anything(words):
    html = compose_html(words, {})

    for bad in ("<script", "<img", 'href="javascript', 'href="data'):
        assert bad not in html


def test_an_unknown_placeholder_is_refused_with_its_place():
    with pytest.raises(ValidationError) as refused:
        check_words(Purpose.SHARE_WORDS, "{{ friend_names }}", "Hello\n{{ company }} {{ compony }}")

    known = (
        "advocate_first_name, advocate_offer, call_within, company, formal, friend_offer, link, program, "
        "sign_off, signature"
    )
    assert refused.value.message_dict == {
        "subject": [f"Line 1, column 4: “friend_names” is not known here. Use {known}."],
        "body": [f"Line 2, column 18: “compony” is not known here. Use {known}."],
    }


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "  "])
def test_a_subject_may_have_the_spaces_that_french_is_typed_with(space):
    words = f"Qui vous vient à l'esprit{space}?"

    check_words(Purpose.ASK, words, "[Un nom]({{ link }})")

    assert compose_line(words, {}) == "Qui vous vient à l'esprit ?"


@pytest.mark.parametrize(
    ("subject", "body", "field"),
    [
        ("Two\nlines", "x", "subject"),
        ("Two\u2028lines", "x", "subject"),
        ("{{ first_name }}", "x", "subject"),
        ("x", "[x](http://plain.example)", "body"),
        ("x", "[x]({{ company }})", "body"),
        ("x", "x" * 20_001, "body"),
        ("x", "{{ link | nonsense }}", "body"),
    ],
)
def test_words_that_would_do_harm_are_refused_at_saving(subject, body, field):
    with pytest.raises(ValidationError) as refused:
        check_words(Purpose.INVITATION, subject, body)

    assert list(refused.value.message_dict) == [field]


def test_a_paragraph_that_is_one_link_is_a_button_and_any_other_link_is_not():
    html = compose_html("[Go]({{ link }})\n\nOr [read]({{ link }}) first.", {"link": "https://a.example/"})

    assert html == (
        '<p class="action"><a href="https://a.example/" class="button">Go</a></p>\n'
        '<p>Or <a href="https://a.example/">read</a> first.</p>\n'
    )


def test_lists_and_emphasis_are_plain_in_the_text_part():
    text = compose_text(
        "# Head\n\nIt *is* **so**:\n\n- one\n- [two]({{ link }})\n\n1. a\n2. b", {"link": "https://a"}
    )

    assert text == "Head\n\nIt is so:\n\n- one\n- two: https://a\n\n1. a\n2. b"


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x85"])
def test_a_subject_stays_one_line_whatever_is_in_its_values(end):
    line = compose_line("{{ name }} writes", {"name": f"Anna{end}Bcc: victim@mail.example"})

    assert line == "Anna Bcc: victim@mail.example writes"


def test_a_value_that_is_empty_is_false():
    assert (
        compose_text("{% if offer %}You get {{ offer }}.{% else %}Hello.{% endif %}", {"offer": ""})
        == "Hello."
    )


@pytest.mark.django_db
def test_the_frame_says_why_from_whom_and_how_to_get_no_more():
    program = ProgramFactory(postal_address="1 Main Street", privacy_url="https://acme.example/privacy")
    message = MessageFactory.build(purpose=Purpose.INVITATION, program=program)

    rendered = render(message)

    for words in (rendered.text, rendered.html):
        assert "You get this one message because Anna Rossi recommended you to Acme." in words
        assert "1 Main Street" in words
        assert f"http://localhost:8000/u/{message.token}/" in words
        assert "https://acme.example/privacy" in words
    assert rendered.subject == "Anna Rossi thinks we can help you"


@pytest.mark.django_db
def test_mail_that_was_asked_for_and_mail_to_staff_has_no_opt_out():
    for purpose in (Purpose.CONFIRM, Purpose.SALES_ALERT):
        message = MessageFactory.build(
            purpose=purpose,
            program=ProgramFactory(),
            context=samples(purpose) | {"link": "https://a.example/"},
        )
        assert "/u/" not in render(message).text


@pytest.mark.django_db
def test_styles_are_inlined_and_only_dark_mode_stays_in_the_head():
    html = render(MessageFactory.build(program=ProgramFactory(brand_color="#ffee00"))).html

    assert re.search(r'<a [^>]*class="button"[^>]*style="[^"]*border-radius: 10px', html)
    # Yellow on white cannot be read; on black it can.
    assert "#ffee00" not in re.sub(r"@media.*?\n}", "", html, flags=re.DOTALL)
    assert "prefers-color-scheme: dark" in html
    assert "<link" not in html


@pytest.mark.django_db
def test_the_preview_is_word_for_word_what_a_friend_gets(now):
    enrolment = EnrolmentFactory()
    RewardRuleFactory(program=enrolment.program, side="friend", incentive__name="a €20 voucher")
    submit_referrals(enrolment, [Friend(name="Ben Weber", email="ben@friend.example")], now=now, agreement="")

    preview = invitation_preview(enrolment, "en")
    sent = render(Message.objects.get(purpose=Purpose.INVITATION))

    without_links = [re.sub(r"http\S+", "…", text) for text in (preview.text, sent.text)]
    assert without_links[0] == without_links[1].replace("Hello Ben,", "Hello,")
    assert preview.subject == sent.subject
    assert "As a friend of Anna you get a €20 voucher." in preview.text


@pytest.mark.django_db
@pytest.mark.parametrize("channel", ["email", "sms", "linkedin"])
def test_ready_words_carry_the_advocates_link_on_this_channel(channel):
    enrolment = EnrolmentFactory(code="ABCD2345")

    assert f"http://localhost:8000/r/ABCD2345/?c={channel}" in share_words(enrolment)(channel)


@pytest.mark.django_db
def test_a_programs_own_words_come_before_the_bank_and_words_for_a_kind_before_any():
    program = ProgramFactory()
    own = MessageTemplate(program=program, purpose=Purpose.WELCOME, subject="Own", body="Own words")
    for kind in ("", "partner"):
        own.pk, own.contact_kind, own.body = None, kind, f"Own words {kind}"
        own.save()
    other = ProgramFactory()

    texts = [
        Wording([message]).text(message)
        for message in (
            Message(purpose=Purpose.WELCOME, program=program, language="en"),
            Message(purpose=Purpose.WELCOME, program=program, language="en", contact_kind="partner"),
        )
    ]

    assert texts == ["Own words", "Own words partner"]
    message = MessageFactory.build(purpose=Purpose.WELCOME, program=other)
    assert render(message).subject == "Welcome to Acme"


@pytest.mark.django_db
def test_without_words_somebody_is_told_to_write_some():
    MessageTemplate.objects.all().delete()

    with pytest.raises(NoWords, match="There are no words for “welcome” yet. Write them under Templates."):
        render(MessageFactory.build(purpose=Purpose.WELCOME, program=ProgramFactory()))


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3, 30])
def test_rendering_many_messages_costs_three_queries(count, django_assert_num_queries):
    messages = MessageFactory.create_batch(count)

    with django_assert_num_queries(3):
        wording = Wording(messages)
        for message in messages:
            wording.render(message)
