"""“Write to them personally”, on the pages of people, for whoever may send by hand in their program."""

from uuid import uuid4

import pytest

from campaigns.models import Ask, Message, Purpose, Suppression
from campaigns.services.delivery import deliver_due
from referrals.models import Candidate, Membership
from referrals.services.membership import regroup
from tests.cast import client_of, member_of, said
from tests.factories import (
    AdvocateFactory,
    CallTaskFactory,
    EnrolmentFactory,
    EventFactory,
    MembershipFactory,
    ProgramFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return ProgramFactory(company="Acme")


@pytest.fixture
def anna(program):
    return EnrolmentFactory(program=program, advocate__phone="+393331234567").advocate


@pytest.fixture
def mia(program):
    mia = member_of(program, Membership.Role.SALES)
    mia.first_name, mia.last_name = "Mia", "Kern"
    mia.save()
    return mia


@pytest.fixture
def client(mia):
    return client_of(mia)


def page(advocate, more="") -> str:
    return f"/admin/referrals/advocate/{advocate.pk}/write/{more}"


def typed(program, **more):
    return {
        "program": program.pk, "words": "ask.email.", "key": str(uuid4()), "way": "email",
        "subject": "Anna, a question", "_send": "1",
        "body": "Dear Anna,\r\n\r\nthank you. Whom do you know?\r\n{{ link }}\r\n\r\nMia",
    } | more  # fmt: skip


def looked_at(program, **more):
    given = typed(program, **more) | {"_look": "1"}
    del given["_send"]
    return given


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_it_opens_with_words_for_this_person_in_their_language_signed_by_the_writer(anna, client):
    anna.language, anna.kind = "it", "partner"
    anna.save()

    html = client.get(page(anna)).text

    assert "One message of yours to Anna Rossi, in Italiano." in html
    assert "Ciao Anna" in html
    assert "Mia Kern" in html
    assert "{{ link }}" in html


def test_one_begins_with_other_words_by_choice(anna, client):
    html = client.get(page(anna), {"words": "personal_thanks.email."}).text

    assert '<option value="personal_thanks.email." selected>Thank them</option>' in html
    assert "I wanted to write to you myself" in html


def test_what_is_sent_is_in_the_outbox_in_the_writers_name_and_on_the_persons_page(
    anna, program, client, mia, now
):
    answer = client.post(page(anna), typed(program), follow=True)
    message = Message.objects.get()

    assert said(answer)[0].level == "success"
    assert said(answer)[0].text.startswith("Written to Anna Rossi. It leaves ")
    assert (message.user, message.advocate, message.purpose) == (mia, anna, Purpose.ASK)
    Message.objects.update(due_at=now)
    deliver_due(now=now)
    assert "whom do you know" in Message.objects.get().text.lower()
    history = text(client.get(f"/admin/referrals/advocate/{anna.pk}/timeline/"))
    assert history.count("<td>Mia Kern</td>") == 2
    assert "asked for a recommendation" in history


def test_two_clicks_send_it_once(anna, program, client):
    twice = typed(program)

    answers = [client.post(page(anna), twice, follow=True) for _ in range(2)]

    assert [said(answer)[0].level for answer in answers] == ["success", "success"]
    assert Message.objects.count() == Ask.objects.count() == 1


def test_an_unknown_placeholder_is_refused_with_its_place_and_what_was_typed_stays(anna, program, client):
    html = text(client.post(page(anna), typed(program, body="Dear Anna,\nyour {{ discount }} is here")))

    assert "Line 2, column 9: “discount” is not known here." in html
    assert "your {{ discount }} is here</textarea>" in html
    assert not Message.objects.exists()


def test_whoever_may_not_be_written_to_is_not_and_the_page_says_why_and_keeps_the_words(
    anna, program, client, now
):
    Suppression.objects.create(key=anna.email_key, reason="unsubscribed", created_at=now)

    before = text(client.get(page(anna)))
    after = text(client.post(page(anna), typed(program)))

    assert "It may not leave: unsubscribed." in before
    assert "Only they can take that back" in after
    assert "Whom do you know?" in after
    assert not Message.objects.exists()


def test_the_preview_says_what_is_missing_and_sends_nothing(anna, program, client):
    shown = text(client.post(page(anna), looked_at(program, body="Hello.")))

    assert "Write to the person" in shown
    assert "Give one way to answer: {{ link }}" in shown
    assert "6 of 6 messages left for them within 30 days" in shown
    assert not Message.objects.exists()


def test_the_mail_as_it_looks_is_a_document_of_its_own(anna, program, client):
    answer = client.post(page(anna, "look/"), typed(program))

    assert "Whom do you know?" in answer.text
    assert "sandbox" in answer["Content-Security-Policy"]
    assert client.get(page(anna, "look/")).status_code == 404


def test_a_text_message_shows_its_length_and_goes_to_the_phone(anna, program, client):
    sms = {"way": "sms", "subject": "", "body": "Anna, thank you! Whom do you know? {{ link }}"}

    shown = text(client.post(page(anna), looked_at(program, **sms)))
    client.post(page(anna), typed(program, **sms))

    assert "characters: it travels in" in shown
    assert Message.objects.values_list("channel", "to_address").get() == ("sms", "+393331234567")


def test_a_text_message_that_is_too_long_says_so_and_not_how_long_that_sentence_is(anna, program, client):
    sms = looked_at(program, way="sms", subject="", body="Anna, thank you! " * 60)

    shown = text(client.post(page(anna), sms))

    assert "Shorten the words." in shown
    assert "characters: it travels in" not in shown


def test_it_may_go_by_the_writers_own_mail_program(anna, program, client):
    answer = client.post(page(anna), typed(program, way="own"), follow=True)

    message = Message.objects.get()
    assert message.status == "by_hand"
    assert answer.redirect_chain[-1][0] == f"/admin/campaigns/byhand/{message.pk}/change/"
    assert "mailto:" in answer.text


def test_a_subject_is_asked_for(anna, program, client):
    assert "Write a subject" in text(client.post(page(anna), typed(program, subject=" ")))


def test_there_are_ways_to_it_from_the_page_the_list_of_whom_to_ask_and_the_call(anna, program, client):
    EventFactory(kind="result", advocate=anna, program=program)
    Candidate.objects.create(program=program, advocate=anna, score=40)
    task = CallTaskFactory(program=program, advocate=anna)
    there = page(anna)

    assert f'href="{there}"' in client.get(f"/admin/referrals/advocate/{anna.pk}/change/").text
    assert (
        f'href="{there}?program={program.pk}"'
        in client.get(f"/admin/campaigns/calltask/{task.pk}/change/").text
    )
    task.delete()
    assert f'href="{there}?program={program.pk}"' in client.get("/admin/whom-to-ask/").text


def test_an_analyst_and_staff_of_other_programs_write_to_nobody(program, anna):
    analyst = client_of(member_of(program, Membership.Role.ANALYST))
    other = client_of(member_of(ProgramFactory()))

    assert page(anna) not in analyst.get(f"/admin/referrals/advocate/{anna.pk}/change/").text
    assert analyst.post(page(anna), typed(program)).status_code == 403
    assert analyst.post(page(anna, "look/"), typed(program)).status_code == 403
    assert other.post(page(anna), typed(program)).status_code == 404
    assert not Message.objects.exists()


def test_one_writes_for_a_program_of_ones_own_only(anna, program, client, mia):
    foreign = EnrolmentFactory(advocate=anna, program=ProgramFactory(name="Foreign")).program

    assert "Foreign" not in client.get(page(anna), {"program": foreign.pk}).text
    shown = text(client.post(page(anna), typed(foreign)))

    assert f"Look whether this may leave for “{program}”." in shown
    assert "Whom do you know?" in shown
    assert not Message.objects.exists()
    client.post(page(anna), typed(program))
    assert Message.objects.get().program == program


def test_words_that_nobody_can_have_chosen_are_not_looked_for(anna, program, client):
    answer = client.post(page(anna), typed(program, words="ask.email.\0"))

    assert answer.status_code == 302
    assert Message.objects.get().variant == ""


def test_nothing_changes_on_get_and_a_page_costs_the_same_for_everybody(
    anna, program, client, django_assert_max_num_queries
):
    client.get(page(anna))
    with django_assert_max_num_queries(45):
        client.get(page(anna), typed(program))

    assert not Message.objects.exists()
    assert not Ask.objects.exists()


def test_somebody_in_no_program_yet_is_written_to_for_ones_own(program, client):
    carla = AdvocateFactory(name="Carla")

    client.post(page(carla), typed(program))

    assert Message.objects.get().advocate == carla
    assert carla.enrolments.get().program == program


def test_who_only_looks_on_here_writes_to_nobody_here_whatever_they_may_elsewhere(program, anna):
    analyst = member_of(program, Membership.Role.ANALYST)
    MembershipFactory(user=analyst, program=ProgramFactory(), role=Membership.Role.SALES)
    regroup([analyst])

    answer = client_of(analyst).post(page(anna), typed(program))

    assert answer.status_code == 403
    assert not Message.objects.exists()


def test_where_no_program_is_live_it_says_so_and_what_to_do(program, anna, client):
    type(program).objects.update(status="draft")
    boss = client_of(member_of(program))

    assert f'href="{page(anna)}"' in client.get(f"/admin/referrals/advocate/{anna.pk}/change/").text
    there, mine = text(client.get(page(anna))), text(boss.get(page(anna)))

    assert "Not yet: no program is live" in there
    assert f"{program}: draft. A manager of it sets it live." in there
    assert 'href="tel:+393331234567"' in there
    assert (
        f'<a href="/admin/referrals/program/{program.pk}/change/">{program}</a>: draft. Set it live' in mine
    )
    assert 'name="_send"' not in mine
    sent = text(client.post(page(anna), typed(program)))
    assert "Not yet: no program is live" in sent
    assert "Whom do you know?" in sent
    assert not Message.objects.exists()
