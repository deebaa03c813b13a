import pytest
from django.test import Client

from campaigns.models import Message
from campaigns.services.bank import load_bank
from referrals.models import Event, FollowUp, Referral
from tests.factories import (
    AdvocateFactory,
    ChannelFactory,
    EnrolmentFactory,
    ProfileFactory,
    ProgramFactory,
    QuestionFactory,
    ReferralFactory,
    RewardRuleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

BEN = {
    "friends": "1",
    "friend1-name": "Ben Weber",
    "friend1-email": "ben@friend.example",
    "agreed": "on",
}


@pytest.fixture(autouse=True)
def words():
    load_bank()


@pytest.fixture
def enrolment():
    program = ProgramFactory(slug="acme", owner=UserFactory())
    return EnrolmentFactory(program=program, advocate__email="anna@customer.example")


def path_of(enrolment):
    return f"/a/{enrolment.token}/"


def five_friends():
    typed = {"friends": "5", "agreed": "on"}
    for n in range(1, 6):
        typed |= {f"friend{n}-name": "Ben Weber", f"friend{n}-email": f"ben{n}@friend.example"}
    return typed


def test_an_advocate_names_a_friend_from_a_personal_link(client, enrolment):
    response = client.post(path_of(enrolment), BEN)

    assert response.url == f"/a/{enrolment.token}/sent/"
    referral = Referral.objects.get()
    assert (referral.name, referral.email) == ("Ben Weber", "ben@friend.example")
    assert referral.consents.get().words == (
        "Everyone I name here knows about it and agrees that Acme may contact them."
    )
    assert FollowUp.objects.get().referral == referral
    assert sorted(Message.objects.values_list("purpose", flat=True)) == [
        "invitation",
        "referral_thanks",
        "sales_alert",
    ]
    receipt = client.get(response.url).text
    assert "Thank you, Anna" in receipt
    assert "Ben Weber" in receipt


@pytest.mark.parametrize("typed", [BEN, five_friends()], ids=["one friend", "five friends"])
def test_sending_the_form_costs_at_most_seventeen_queries(
    client, enrolment, typed, django_assert_max_num_queries
):
    RewardRuleFactory(program=enrolment.program)
    QuestionFactory(profile=ProfileFactory(program=enrolment.program))

    with django_assert_max_num_queries(17):
        client.post(path_of(enrolment), typed)

    assert Referral.objects.count() == int(typed["friends"])


def test_the_form_opens_with_four_queries_however_many_questions(
    client, enrolment, django_assert_num_queries
):
    profile = ProfileFactory(program=enrolment.program)
    for count in (1, 3):
        QuestionFactory.create_batch(count, profile=profile)
        RewardRuleFactory(program=enrolment.program)
        with django_assert_num_queries(4):
            client.get(path_of(enrolment))


def test_the_form_shows_who_fits_and_the_very_words_a_friend_will_get(client, enrolment):
    ProfileFactory(program=enrolment.program, criteria="Two to thirty people")

    page = client.get(path_of(enrolment)).text

    assert "Small companies that hate paperwork" in page
    assert "Two to thirty people" in page
    client.post(path_of(enrolment), BEN)
    assert "Anna Rossi" in page[page.index("letter__body") :]


def test_qualifying_questions_are_kept_as_they_were_asked_and_give_the_fit(client, enrolment):
    profile = ProfileFactory(program=enrolment.program)
    staff = QuestionFactory(profile=profile, points=3)
    size = QuestionFactory(profile=profile, kind="choice", text="How many?", choices="Few = 1\nMany = 3")
    pain = QuestionFactory(profile=profile, kind="text", text="What hurts?")

    client.post(
        path_of(enrolment),
        BEN
        | {
            f"friend1-question{staff.pk}": "yes",
            f"friend1-question{size.pk}": "Few",
            f"friend1-question{pain.pk}": "Payroll",
        },
    )

    referral = Referral.objects.get()
    assert referral.answers == [
        {"question": "Do they have employees?", "answer": "yes"},
        {"question": "How many?", "answer": "Few"},
        {"question": "What hurts?", "answer": "Payroll"},
    ]
    assert referral.fit == 67


def test_a_question_that_must_be_answered_is_asked_again(client, enrolment):
    question = QuestionFactory(profile=ProfileFactory(program=enrolment.program), required=True)

    page = client.post(path_of(enrolment), BEN).text

    assert f'href="#id_friend1-question{question.pk}"' in page
    assert "Choose one of the answers." in page
    assert not Referral.objects.exists()


def test_room_for_another_friend_keeps_everything_that_was_typed(client, enrolment):
    typed = BEN | {"friend1-name": "<b>Ben", "another": "1"}

    page = client.post(path_of(enrolment), typed).text

    assert 'value="&lt;b&gt;Ben"' in page
    assert 'value="ben@friend.example"' in page
    assert "checked" in page
    assert 'name="friend2-name"' in page
    assert 'name="friends" value="2"' in page
    assert 'class="error' not in page
    assert not Referral.objects.exists()


def test_there_is_room_for_five_friends_and_no_sixth(client, enrolment):
    page = client.post(path_of(enrolment), {"friends": "5", "another": "1"}).text

    assert 'name="friend5-name"' in page
    assert "friend6" not in page
    assert "Add another friend" not in page


@pytest.mark.parametrize("count", ["", "0", "-1", "6", "999999999999", "½", "x", "٣"])
def test_any_number_of_friends_that_was_tampered_with_is_one_to_five(client, enrolment, count):
    assert client.post(path_of(enrolment), BEN | {"friends": count}).status_code in {200, 302}
    assert Referral.objects.count() <= 5


def test_a_friend_left_empty_does_not_count(client, enrolment):
    client.post(
        path_of(enrolment), BEN | {"friends": "3", "friend3-name": "Cleo", "friend3-phone": "+39 06 1234567"}
    )

    assert list(Referral.objects.order_by("pk").values_list("name", flat=True)) == ["Ben Weber", "Cleo"]


def refusal(client, enrolment, **typed):
    response = client.post(path_of(enrolment), BEN | {key.replace("__", "-"): v for key, v in typed.items()})
    assert response.status_code == 200
    assert not Message.objects.exists()
    return response.text


def test_the_advocate_is_no_friend_of_their_own(client, enrolment):
    page = refusal(client, enrolment, friend1__email=" ANNA@Customer.example")

    said = "That is your own address or number. Whom else do you know who faces the same problem?"
    assert page.count(said) == 2
    assert 'href="#id_friend1-email"' in page
    assert 'value="Ben Weber"' in page
    assert not Referral.objects.exists()


def test_the_advocates_own_phone_is_known_in_any_spelling(client):
    enrolment = EnrolmentFactory(advocate__phone="+390669821234", program__country="IT")

    page = refusal(client, enrolment, friend1__phone="06 6982 1234")

    assert 'href="#id_friend1-phone"' in page


def test_a_friend_named_before_is_refused_at_the_field(client, enrolment):
    ReferralFactory(enrolment=enrolment, email="ben@friend.example")

    page = refusal(client, enrolment)

    assert "You have recommended this person before. Whom else do you know?" in page
    assert Referral.objects.count() == 1


def test_two_equal_friends_in_one_form_are_refused_at_the_second(client, enrolment):
    page = refusal(
        client, enrolment, friends="2", friend2__name="Benjamin", friend2__email="BEN@friend.example"
    )

    assert "Friend 2 – Their e-mail address: You have named this person above already." in page
    assert not Referral.objects.exists()


def test_an_address_or_a_number_is_needed_and_their_word_as_well(client, enrolment):
    page = refusal(client, enrolment, friend1__email="", agreed="")

    assert "Write an e-mail address or a phone number, whichever you have." in page
    assert "Ask them first, then tick this. Nothing has been sent." in page


def test_the_thirty_first_friend_of_a_day_is_refused_with_a_sentence(client, enrolment):
    from django.utils import timezone

    ReferralFactory.create_batch(30, enrolment=enrolment, submitted_at=timezone.now())

    page = client.post(path_of(enrolment), BEN).text

    assert "You can recommend 30 people a day. Nothing was sent; please come back tomorrow." in page
    assert 'value="Ben Weber"' in page


@pytest.mark.parametrize("kind", ["customer", "lost_lead"])
def test_a_friend_who_is_known_gets_the_advocate_the_same_receipt(client, enrolment, kind):
    AdvocateFactory(email="ben@friend.example", name="Ben", kind=kind)

    known = client.post(path_of(enrolment), BEN)
    receipt = client.get(known.url)

    assert known.url == f"/a/{enrolment.token}/sent/"
    assert "Ben Weber" in receipt.text
    assert "customer already" not in receipt.text
    assert Message.objects.filter(purpose="invitation", status="queued").count() == (kind == "lost_lead")


def test_a_friend_whom_somebody_else_named_gets_the_advocate_the_same_receipt(client, enrolment):
    other = EnrolmentFactory(program=enrolment.program)
    ReferralFactory(enrolment=other, email="ben@friend.example")

    assert client.post(path_of(enrolment), BEN).url == f"/a/{enrolment.token}/sent/"


def test_the_channel_of_the_link_is_kept(client, enrolment):
    channel = ChannelFactory(program=enrolment.program, slug="newsletter")

    client.post(f"{path_of(enrolment)}?c=newsletter", BEN)

    assert Referral.objects.get().channel == channel


@pytest.mark.parametrize("channel", ["%00", "nothing", "'", "x" * 3000])
def test_a_channel_that_is_none_changes_nothing(client, enrolment, channel):
    assert client.post(f"{path_of(enrolment)}?c={channel}", BEN).status_code == 302
    assert Referral.objects.get().channel is None


# The door


@pytest.mark.parametrize("status", ["draft", "paused", "ended"])
def test_a_program_that_is_not_live_has_no_form(client, status):
    enrolment = EnrolmentFactory(program__status=status, program__slug="acme")

    for path in ("/p/acme/", "/p/acme/refer/", path_of(enrolment), f"/a/{enrolment.token}/sent/"):
        assert client.get(path).status_code == 404
    assert client.post(path_of(enrolment), BEN).status_code == 404
    assert not Referral.objects.exists()


def test_only_forms_of_ours_are_taken(enrolment):
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(path_of(enrolment), BEN).status_code == 403
    response = Client().post(path_of(enrolment), BEN, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert not Referral.objects.exists()


def test_the_eleventh_form_of_a_minute_waits(client, enrolment):
    answers = [client.post(path_of(enrolment), {"friends": "1"}).status_code for _ in range(11)]

    assert answers == [200] * 10 + [429]
    assert client.post(path_of(enrolment), {"friends": "1", "another": "1"}).status_code == 200


def test_pages_with_a_secret_are_not_kept_listed_or_passed_on(client, enrolment):
    for path in (path_of(enrolment), f"/a/{enrolment.token}/sent/"):
        response = client.get(path)
        assert response["Cache-Control"] == "no-store"
        assert response["X-Robots-Tag"] == "noindex, nofollow"
        assert response["Referrer-Policy"] == "same-origin"
    assert client.put(path_of(enrolment)).status_code == 405


def test_looking_changes_nothing(client, enrolment):
    before = (Event.objects.count(), Referral.objects.count(), Message.objects.count())

    for path in ("/", "/p/acme/", "/p/acme/refer/", path_of(enrolment), f"/a/{enrolment.token}/sent/"):
        client.get(path)
        client.head(path)

    assert (Event.objects.count(), Referral.objects.count(), Message.objects.count()) == before
