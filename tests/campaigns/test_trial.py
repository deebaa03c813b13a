"""The editor's preview: what stands in the form, as a reader gets it, and nothing is saved."""

import pytest
from django.urls import reverse

from campaigns.models import Message, MessageTemplate
from tests.cast import client_of, member_of, said
from tests.factories import AdvocateFactory, EnrolmentFactory, ProgramFactory

pytestmark = pytest.mark.django_db
ADD = reverse("admin:campaigns_messagetemplate_add")
BODY = "Hello {{ first_name }}, thank you. Do you know someone? [Go]({{ link }})"


@pytest.fixture
def program():
    return ProgramFactory(company="Borealis")


@pytest.fixture
def own(program):
    return MessageTemplate.objects.create(program=program, purpose="ask", subject="Old", body="Old words")


@pytest.fixture
def client(program):
    return client_of(member_of(program))


def page(row, name="change"):
    return reverse(f"admin:campaigns_messagetemplate_{name}", args=[row.pk])


def typed(**changes):
    words = {"channel": "email", "language": "en", "contact_kind": "", "variant": ""}
    return words | {"subject": "New at {{ company }}", "body": BODY} | changes


def test_the_preview_shows_what_stands_in_the_form_and_saves_nothing(client, own):
    shown = client.post(page(own), typed(_look="1")).context["trial"]

    assert shown.mail.subject == "New at Borealis"
    assert shown.mail.text.startswith("Hello Ben, thank you.")
    assert shown.hints == []
    own.refresh_from_db()
    assert (own.body, own.history.count()) == ("Old words", 1)


def test_it_can_be_read_as_a_real_advocate_of_the_program_and_of_no_other(client, own, program):
    EnrolmentFactory(program=program, advocate=AdvocateFactory(name="Zoë Muller", external_id="K-7"))
    EnrolmentFactory(advocate=AdvocateFactory(name="Yusuf Foreign"))

    for reader in ("zoë", "K-7"):
        shown = client.post(page(own), typed(_look="1", reader=reader)).context["trial"]
        assert shown.mail.text.startswith("Hello Zoë, thank you.")
    foreign = client.post(page(own), typed(_look="1", reader="Yusuf"))

    assert foreign.context["trial"].mail.text.startswith("Hello Ben, thank you.")
    assert "Nobody in this program is called so. Example values stand in." in foreign.text


def test_hints_say_what_the_words_lack_in_their_language(client, own):
    shown = client.post(page(own), typed(_look="1", language="it", body="Chi altro posso chiamare?"))

    assert "“Chi altro posso chiamare” is about us. Ask about them:" in shown.text.replace("&quot;", "")
    assert len(shown.context["trial"].hints) == 4


def test_an_unknown_placeholder_is_refused_with_its_place_and_nothing_that_was_typed_is_lost(client, own):
    answer = client.post(page(own), typed(_look="1", body="Hi {{ nmae }}"))

    assert "Line 1, column 7: “nmae” is not known here." in answer.text
    assert "Hi {{ nmae }}</textarea>" in answer.text


def test_a_new_template_can_be_tried_before_there_is_one(client, program):
    words = typed(program=program.pk, purpose="ask")

    shown = client.post(ADD, words | {"_look": "1"}).context["trial"]
    document = client.post(reverse("admin:campaigns_messagetemplate_preview_new"), words)

    assert shown.mail.text.startswith("Hello Ben, thank you.")
    assert "Hello Ben, thank you." in document.text
    assert not MessageTemplate.objects.filter(program=program).exists()


def test_a_test_brings_what_stands_in_the_form_to_ones_own_mailbox(client, own):
    answer = client.post(page(own), typed(_test="1"))

    message = Message.objects.get()
    assert (message.subject, message.user.email) == ("New at Borealis", message.to_address)
    assert said(answer)[0].text == f"It is on its way to {message.to_address}. Nothing is saved yet."
    own.refresh_from_db()
    assert own.subject == "Old"


def test_words_that_cannot_be_read_are_not_sent(client, own):
    client.post(page(own), typed(_test="1", body="{% if %}"))

    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("look", "seen"),
    [("light", "@media (prefers-color-scheme: dark)"), ("dark", "@media all"), ("phone", "max-width:390px")],
)
def test_a_mail_can_be_seen_in_the_light_in_the_dark_and_on_a_phone(client, own, look, seen):
    document = client.post(page(own, "preview"), typed(**{"as": look}))

    assert seen in document.text
    assert "sandbox" in document["Content-Security-Policy"]
    assert "Hello Ben" in document.text


def test_a_text_message_says_how_long_it_is(client, own):
    shown = client.post(
        page(own), typed(_look="1", channel="sms", subject="", body="Привет, {{ link }} " * 2)
    )

    assert "it travels in 2 parts, and is paid for as often." in shown.context["trial"].length


def test_the_banks_words_can_be_read_as_somebody_and_not_written(client, program):
    EnrolmentFactory(program=program, advocate=AdvocateFactory(name="Zoë Muller"))
    bank = MessageTemplate.objects.get(
        program=None, purpose="ask", contact_kind="", channel="email", variant="", language="en"
    )

    document = client.post(page(bank, "preview"), typed(reader="Zoë"))

    assert "Dear Zoë," in document.text
    assert "New at" not in document.text
    assert client.post(page(bank), typed(_look="1")).status_code == 403
    assert client.post(page(bank), typed(_test="1")).status_code == 403
    assert not Message.objects.exists()


def test_another_programs_words_do_not_exist_and_sales_only_read(program, own):
    foreign, sales = client_of(member_of(ProgramFactory())), client_of(member_of(program, "sales"))

    assert foreign.post(page(own, "preview"), typed()).status_code == 404
    assert foreign.post(page(own), typed(_test="1")).status_code == 404
    assert sales.post(page(own), typed(_test="1")).status_code == 403
    assert "Old words" in sales.post(page(own, "preview"), typed()).text
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "hostile", [{"purpose": "digest"}, {"purpose": "nonsense"}, {"language": "xx"}, {"body": "x" * 20_001}]
)
def test_nonsense_in_the_form_is_refused_and_breaks_nothing(client, program, hostile):
    words = typed(program=program.pk, purpose="ask") | hostile

    assert client.post(ADD, words | {"_look": "1"}).status_code == 200
    assert client.post(ADD, words | {"_test": "1"}).status_code == 200
    assert client.post(reverse("admin:campaigns_messagetemplate_preview_new"), words).status_code in {
        200,
        404,
    }
    assert not Message.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_editor_costs_as_many_queries_with_many_advocates(
    client, own, program, count, django_assert_num_queries
):
    EnrolmentFactory.create_batch(count, program=program)
    client.get(page(own))

    with django_assert_num_queries(18):
        client.post(page(own), typed(_look="1", reader="Anna"))


def test_what_may_be_written_stands_beside_the_words_with_what_it_is_and_an_example(client, own):
    page_ = client.get(page(own))

    listed = page_.text.split('id="names"')[1].split("</section>")[0]
    assert "<code data-insert>{{ first_name }}</code>" in listed
    assert "the reader&#x27;s first name; may be empty" in listed
    assert "such as Ben" in listed
    assert "Placeholders" not in [str(panel.title) for panel in page_.context["panels"]]


def test_the_mail_as_it_looks_stands_in_a_frame_that_is_shut_in(client, own):
    opened, document = client.get(page(own)), client.get(page(own, "preview"))

    assert f'src="{page(own, "preview")}" sandbox' in opened.text
    assert 'class="letter" aria-live="off"' in opened.text
    assert "frame-src 'self'" in opened.headers["Content-Security-Policy"]
    assert document.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "sandbox" in document.headers["Content-Security-Policy"]
    assert "frame-src" not in client.get("/admin/").headers["Content-Security-Policy"]


def test_the_list_shows_how_words_begin_and_not_how_they_are_written(client, program):
    asked = "{% if first_name %}{{ first_name }}, a favour?{% else %}A favour?{% endif %}"
    MessageTemplate.objects.create(program=program, purpose="ask", subject=asked, body=BODY)
    MessageTemplate.objects.create(
        program=program, purpose="ask", channel="sms", body="Hi {{ company }}: {{ link }}"
    )

    shown = client.get(
        reverse("admin:campaigns_messagetemplate_changelist"), {"program": program.pk, "whose": "ours"}
    )

    assert ">Ben, a favour?<" in shown.text
    assert ">Hi Acme: https://refer.example.com/…<" in shown.text


@pytest.mark.parametrize(
    ("purpose", "subject", "said"),
    [
        ("ask", "{% if first_name %}{{ first_name }}, a favour?{% else %}A favour?{% endif %}", []),
        ("ask", "{{ first_name }}, a favour?",
         ["The first name may be empty. Write {% if first_name %}{{ first_name }}, words for you{% else %}Words for "
          "you{% endif %}."]),
        ("invitation", "{{ first_name }}, hello",
         ["“first_name” cannot stand in the subject: somebody other than the reader may have typed it. Write it in "
          "the body."]),
    ],
)  # fmt: skip
def test_a_first_name_may_stand_in_the_subject_where_its_reader_gave_it(
    client, program, purpose, subject, said
):
    template = MessageTemplate.objects.create(program=program, purpose=purpose, subject="Old", body=BODY)

    answer = client.post(page(template), typed(subject=subject))

    template.refresh_from_db()
    assert (template.subject == subject) is (not said)
    errors = list(answer.context["adminform"].form.errors.get("subject", [])) if answer.context else []
    assert errors[: len(said)] == said
