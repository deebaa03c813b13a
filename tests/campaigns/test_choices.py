"""What people choose about the messages they get, from a mail or signed in."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import ContactPreference, Message, Purpose, Suppression
from referrals.models import Event
from tests.cast import client_of, member_of
from tests.factories import AdvocateFactory, AskFactory, EnrolmentFactory, MessageFactory, UserFactory

pytestmark = pytest.mark.django_db
ALL = ["asks", "progress", "surveys", "news"]
FORM = {"do": "choose", "topics": ALL, "way": "any", "often": "normal", "language": "en"}


@pytest.fixture
def anna():
    return AdvocateFactory(phone="+393331234567")


@pytest.fixture
def letter(anna, now) -> Message:
    return MessageFactory(advocate=anna, to_address=anna.email, status="sent", sent_at=now)


def page(message: Message) -> str:
    return f"/u/{message.token}/"


def waiting(anna, **more) -> Message:
    return MessageFactory(**{"purpose": Purpose.ASK, "advocate": anna, "to_address": anna.email} | more)


def became(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.status, message.held_for


def test_the_page_shows_what_holds_now_and_changes_nothing(client, letter):
    html = client.get(page(letter)).text

    assert html.count(" checked") == len(ALL) + 2
    assert ContactPreference.objects.count() == Event.objects.count() == 0


def test_a_topic_that_is_not_wanted_is_withdrawn_from_what_waits(client, anna, letter):
    ask, survey, thanks = (
        waiting(anna),
        waiting(anna, purpose=Purpose.SURVEY_INVITE),
        waiting(anna, purpose=Purpose.SUCCESS_THANKS),
    )

    answer = client.post(page(letter), FORM | {"topics": ["progress", "surveys", "news"]})

    assert "Your choices are kept" in answer.text
    assert became(ask) == ("withheld", "topic")
    assert (became(survey), became(thanks)) == (("queued", ""), ("queued", ""))
    [event] = Event.objects.all()
    assert (event.kind, event.advocate) == (Event.Kind.PREFERENCES_CHANGED, anna)
    assert event.data == {"topics": ["progress", "surveys", "news"]}


@pytest.mark.parametrize(("way", "kept"), [("any", 2), ("email", 1), ("sms", 1), ("none", 0)])
def test_only_the_chosen_way_is_left(client, anna, letter, way, kept):
    waiting(anna)
    waiting(anna, channel="sms", to_address=anna.phone)

    client.post(page(letter), FORM | {"way": way})

    assert Message.objects.filter(status="queued").count() == kept


def test_a_pause_moves_what_waits_and_ends_by_itself_or_by_hand(client, anna, letter):
    ask = waiting(anna)

    client.post(page(letter), FORM | {"pause": "on"})
    until = ContactPreference.objects.get().paused_until
    client.post(page(letter), FORM | {"pause": "on"})

    assert timedelta(days=90) < until - timezone.now() < timedelta(days=92)
    assert ContactPreference.objects.get().paused_until == until
    assert became(ask) == ("queued", "paused")
    assert ask.due_at == until
    assert "Leave me in peace until" in client.get(page(letter)).text
    client.post(page(letter), FORM)
    assert ContactPreference.objects.get().paused_until is None


def test_whoever_ends_a_pause_early_does_not_wait_for_its_last_day(client, anna, letter):
    ask, wait = waiting(anna), waiting(anna, due_at=timezone.now() + timedelta(days=200))
    client.post(page(letter), FORM | {"pause": "on"})
    until = ContactPreference.objects.get().paused_until
    put_off, later = AskFactory(advocate=anna, due_at=until), AskFactory(advocate=anna, due_at=wait.due_at)

    client.post(page(letter), FORM)

    for row in (ask, put_off, later):
        row.refresh_from_db()
    assert max(ask.due_at, put_off.due_at) <= timezone.now()
    assert became(wait) == ("queued", "")
    assert wait.due_at == later.due_at > until


def test_a_language_is_that_of_everything_from_then_on(client, anna, letter):
    ask = waiting(anna)

    client.post(page(letter), FORM | {"language": "it"})

    anna.refresh_from_db()
    ask.refresh_from_db()
    assert (anna.language, ask.language) == ("it", "it")


@pytest.mark.parametrize(
    "wrong", [{"way": "pigeon"}, {"often": ""}, {"topics": ["everything"]}, {"language": "xx"}]
)
def test_an_answer_that_is_none_changes_nothing(client, letter, wrong):
    answer = client.post(page(letter), FORM | wrong)

    assert "Nothing has changed yet" in answer.text
    assert ContactPreference.objects.count() == 0


def test_a_friend_is_asked_no_more_than_whether_to_stop(client, letter):
    Message.objects.update(purpose=Purpose.WELCOME)

    assert "Or have less of them" not in client.get(page(letter)).text
    client.post(page(letter), FORM)
    assert ContactPreference.objects.count() == 0


def test_stopping_counts_for_the_phone_too_and_is_in_the_history_once(client, anna, letter):
    by_phone = waiting(
        anna, channel="sms", to_address=anna.phone, to_key=anna.phone_key, program=letter.program
    )

    for _time in range(2):
        client.post(page(letter), {"List-Unsubscribe": "One-Click"})

    assert became(by_phone) == ("withheld", "suppressed")
    assert {row.key for row in Suppression.objects.all()} == {anna.email_key, anna.phone_key}
    assert [event.kind for event in Event.objects.all()] == [Event.Kind.UNSUBSCRIBED]
    client.post(page(letter), {"do": "undo"})
    assert Suppression.objects.count() == 0


def test_whoever_is_signed_in_chooses_in_the_portal():
    advocate = EnrolmentFactory().advocate
    advocate.user = UserFactory(is_staff=False)
    advocate.save()
    client = client_of(advocate.user)
    assert "/me/messages/" in client.get("/me/").text

    answer = client.post("/me/messages/", FORM | {"topics": ["news"]})

    assert "Your choices are kept" in answer.text
    assert ContactPreference.objects.get(advocate=advocate).refused == ["asks", "progress", "surveys"]


def test_a_stranger_and_staff_have_nothing_to_choose(client):
    assert client.get("/me/messages/").status_code == 302
    assert client_of(UserFactory()).get("/me/messages/").status_code == 404


def test_the_page_has_a_fixed_number_of_queries(client, anna, letter, django_assert_num_queries):
    for _number in range(3):
        waiting(anna)

    with django_assert_num_queries(3):
        client.get(page(letter))


def test_staff_read_on_the_persons_page_what_they_chose(anna, now):
    program = EnrolmentFactory(advocate=anna).program
    ContactPreference.objects.create(advocate=anna, refused=["asks"], way="sms", changed_at=now)

    html = client_of(member_of(program)).get(f"/admin/referrals/advocate/{anna.pk}/change/").text

    assert "What became of my recommendations" in html
    assert "Asking whether I know somebody" not in html
    assert "By text message only" in html
