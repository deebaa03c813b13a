"""A friend without a link says who told them; the page never tells who is a customer."""

import pytest
from django.urls import reverse

from campaigns.models import Message
from referrals.models import Consent, Mention, Referral, Touch
from tests.cast import client_of, member_of
from tests.factories import AdvocateFactory, EnrolmentFactory, MentionFactory, ProgramFactory, UserFactory

pytestmark = pytest.mark.django_db

BEN = {"name": "Ben Weber", "email": "ben@friend.example", "agreed": "on"}


@pytest.fixture
def anna():
    program = ProgramFactory(slug="acme", owner=UserFactory())
    return EnrolmentFactory(program=program, advocate__name="Anna Rossi", code="ANNA2345")


def say(client, told_by, path="/p/acme/join/", **more):
    return client.post(path, BEN | {"told_by": told_by} | more)


def mails():
    return sorted(Message.objects.values_list("purpose", flat=True))


def test_a_friend_who_says_the_advocates_name_is_that_advocates(client, anna):
    response = say(client, " anna  ROSSI ")

    assert response.url == "/p/acme/join/sent/"
    assert "mail is on its way" not in client.get(response.url).text
    referral = Referral.objects.get()
    assert (referral.enrolment, referral.source, referral.told_by) == (anna, "named", "anna  ROSSI")
    assert referral.accepted_at
    assert Consent.objects.get().who == "friend"
    assert mails() == ["friend_came", "sales_alert"]


def test_a_code_is_as_good_as_the_link(client, anna):
    say(client, "anna2345")

    assert Referral.objects.get().source == "link"
    assert Touch.objects.get().way == "code"
    assert mails() == ["friend_came", "friend_thanks", "sales_alert"]


@pytest.mark.parametrize("told_by", ["Anna", "Somebody Else", "Anna Rossi"])
def test_a_name_that_is_nobodys_or_two_peoples_goes_to_a_person(client, anna, told_by):
    EnrolmentFactory(program=anna.program, advocate__name="Anna Rossi")

    known, unknown = say(client, told_by), say(client, "Nobody", email="other@friend.example")

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert not Referral.objects.exists()
    assert [m.told_by for m in Mention.objects.order_by("pk")] == [told_by, "Nobody"]
    assert mails() == ["staff_notice", "staff_notice"]
    assert Message.objects.exclude(user=anna.program.owner).count() == 0


def test_nobody_is_their_own_friend_and_nobody_learns_of_it(client, anna):
    AdvocateFactory(name="Anna Rossi")

    response = say(client, "Anna Rossi", email=anna.advocate.email)

    assert response.url == "/p/acme/join/sent/"
    assert Mention.objects.count() == 1


def test_the_same_form_twice_is_one_friend(client, anna):
    say(client, "Anna")
    say(client, "Anna R.")

    assert Mention.objects.get().told_by == "Anna R."


def test_without_a_name_the_form_asks_for_one(client, anna):
    page = say(client, " ").text

    assert "Write who told you: a name is enough." in page
    assert "ben@friend.example" in page


@pytest.mark.parametrize(
    ("told_by", "whose"), [("CLEO2345", "cleo"), ("Cleo Bianchi", "anna"), ("?", "anna")]
)
def test_at_a_link_anothers_code_is_stronger_and_a_name_weaker(client, anna, told_by, whose):
    cleo = EnrolmentFactory(program=anna.program, advocate__name="Cleo Bianchi", code="CLEO2345")

    assert say(client, told_by, f"/r/{anna.code}/join/").url == f"/r/{anna.code}/join/sent/"

    assert Referral.objects.get().enrolment == {"anna": anna, "cleo": cleo}[whose]
    touches = sorted(Touch.objects.values_list("way", "enrolment"))
    expected = {"CLEO2345": [("code", cleo.pk), ("link", anna.pk)], "Cleo Bianchi": [("name", cleo.pk)]}
    assert touches == expected.get(told_by, [])


def test_staff_find_out_whose_friend_it_is(anna):
    mention = MentionFactory(program=anna.program, told_by="Anna")
    client = client_of(member_of(anna.program))
    page = reverse("admin:referrals_mention_step", args=[mention.pk, "attach"])
    assert client.get(reverse("admin:referrals_mention_change", args=[mention.pk])).text.count("Anna Rossi")

    assert client.post(page, {"_do": "1", "enrolment": EnrolmentFactory().pk}).status_code == 200
    client.post(page, {"_do": "1", "enrolment": anna.pk})

    mention.refresh_from_db()
    assert (mention.referral.enrolment, mention.referral.source) == (anna, "named")
    assert mention.referral.follow_ups.count() == 1
    assert not Mention.objects.open().exists()


def test_or_that_nobody_of_ours_was_meant(anna):
    mention = MentionFactory(program=anna.program)
    page = reverse("admin:referrals_mention_step", args=[mention.pk, "nobody"])

    client_of(member_of(anna.program)).post(page, {"_do": "1"})

    assert not Mention.objects.open().exists()
    assert not Referral.objects.exists()
