import pytest

from campaigns.models import Message, Purpose
from campaigns.services.notices import alert_staff, ask_to_confirm, in_words
from referrals.models import Advocate, Event, Membership, Referral
from referrals.services.conversion import record_conversion
from referrals.services.referral import Friend, accept, decline, hold_submission, submit_referrals
from rewards.models import Reward
from rewards.services.reward import hand_out
from tests.factories import (
    AdvocateFactory,
    ChannelFactory,
    EnrolmentFactory,
    MembershipFactory,
    ProgramFactory,
    ReferralFactory,
    RewardRuleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
BEN = Friend(name="Ben Weber", email="ben@friend.example")
CLEO = Friend(name="Cleo Berg", email="cleo@friend.example")


@pytest.fixture
def enrolment():
    owner = UserFactory(email="sales@acme.example")
    return EnrolmentFactory(
        program=ProgramFactory(owner=owner, timezone="Europe/Rome"), advocate__name="Anna Rossi"
    )


def purposes() -> list[str]:
    return sorted(Message.objects.values_list("purpose", flat=True))


def test_naming_a_friend_writes_to_friend_advocate_and_sales(enrolment, now):
    [referral] = submit_referrals(enrolment, [BEN], now=now, agreement="")

    assert {m.purpose: m.to_address for m in Message.objects.all()} == {
        "invitation": "ben@friend.example",
        "referral_thanks": enrolment.advocate.email,
        "sales_alert": "sales@acme.example",
    }
    invitation = Message.objects.get(purpose=Purpose.INVITATION)
    assert invitation.key == f"invitation:{referral.pk}"
    assert invitation.context == {
        "advocate_name": "Anna Rossi",
        "advocate_first_name": "Anna",
        "link": f"http://localhost:8000/f/{referral.token}/",
    }


def test_friends_named_together_are_one_thanks_and_one_alert(enrolment, now):
    submit_referrals(enrolment, [BEN, CLEO], now=now, agreement="")

    assert purposes() == ["invitation", "invitation", "referral_thanks", "sales_alert"]
    assert Message.objects.get(purpose="referral_thanks").context["friend_names"] == "Ben and Cleo"
    alert = Message.objects.get(purpose="sales_alert").context
    assert (alert["friend_names"], alert["friend_count"]) == ("Ben Weber and Cleo Berg", 2)
    assert alert["call_by"] == "Wednesday 4 March, 15:00"


@pytest.mark.parametrize("count", [1, 5])
def test_a_submission_costs_one_query_more_for_all_its_messages(
    enrolment, now, count, django_assert_num_queries
):
    friends = [Friend(name="Ben", email=f"ben{n}@friend.example") for n in range(count)]

    with django_assert_num_queries(13):
        submit_referrals(enrolment, friends, now=now, agreement="")


def test_a_friend_who_is_a_customer_gets_nothing_and_the_row_says_why(enrolment, now):
    AdvocateFactory(email=BEN.email)

    submit_referrals(enrolment, [BEN, CLEO], now=now, agreement="")

    held = Message.objects.get(to_address=BEN.email)
    assert (held.purpose, held.status, held.reason) == ("invitation", "withheld", "was a customer already")
    assert Message.objects.get(to_address=CLEO.email).status == "queued"
    assert Message.objects.get(purpose="referral_thanks").context["friend_names"] == "Ben and Cleo"
    assert Message.objects.get(purpose="sales_alert").context["friend_names"] == "Cleo Berg"


def test_sales_is_not_called_for_friends_who_do_not_count(enrolment, now):
    AdvocateFactory(email=BEN.email)

    submit_referrals(enrolment, [BEN], now=now, agreement="")

    assert purposes() == ["invitation", "referral_thanks"]


def test_a_friend_who_came_by_link_is_thanked_and_the_advocate_hears_of_it(enrolment, now):
    channel = ChannelFactory(program=enrolment.program)

    submit_referrals(enrolment, [BEN], now=now, agreement="", channel=channel, source=Referral.Source.LINK)

    assert purposes() == ["friend_came", "friend_thanks", "sales_alert"]
    assert Message.objects.get(purpose="sales_alert").context["said_yes"] == "yes"


def test_a_friend_without_an_address_is_called_and_not_written_to(enrolment, now):
    submit_referrals(enrolment, [Friend(name="Ben", phone="+39061234567")], now=now, agreement="")

    assert purposes() == ["referral_thanks", "sales_alert"]


def test_a_yes_is_thanked_once_and_sales_hears_of_it(enrolment, now):
    referral = ReferralFactory(enrolment=enrolment, owner=enrolment.program.owner)

    for _time in range(2):
        accept(referral, agreement="Yes.", now=now)

    assert purposes() == ["friend_thanks", "sales_alert"]


def test_a_sale_is_thanked_for_on_both_sides_and_once(now):
    referral = ReferralFactory()

    for order in ("1", "2"):
        record_conversion(referral, external_id=order, amount=100, currency="EUR", now=now)

    assert purposes() == ["success_thanks", "welcome"]


def test_a_reward_is_written_about_when_it_is_handed_out(now):
    referral = ReferralFactory(enrolment__advocate__name="Anna Rossi", name="Ben Weber")
    for side in ("advocate", "friend"):
        RewardRuleFactory(program=referral.program, side=side, incentive__how_to_use="Show it.")
    record_conversion(referral, external_id="1", amount=100, currency="EUR", now=now)
    Message.objects.all().delete()
    Reward.objects.all().advance(Reward.Status.APPROVED, now=now)
    assert purposes() == []

    hand_out(Reward.objects.all(), now=now, by=None, code="GIFT-1")

    assert purposes() == ["reward_advocate", "reward_friend"]
    context = Message.objects.get(purpose="reward_advocate").context
    assert (context["code"], context["worth"], context["friend_first_name"]) == ("GIFT-1", "€40.00", "Ben")
    assert Message.objects.get(purpose="reward_friend").to_address == referral.email


@pytest.mark.parametrize("count", [1, 3])
def test_handing_out_many_rewards_is_one_insert_of_messages(now, count, django_assert_max_num_queries):
    rule = RewardRuleFactory()
    for number in range(count):
        referral = ReferralFactory(enrolment__program=rule.program)
        record_conversion(referral, external_id=str(number), amount=100, currency="EUR", now=now)
    Reward.objects.all().advance(Reward.Status.APPROVED, now=now)

    with django_assert_max_num_queries(20):
        hand_out(Reward.objects.all(), now=now, by=None)

    assert Message.objects.filter(purpose="reward_advocate").count() == count


def test_an_unproved_address_is_asked_without_a_word_that_was_typed(now):
    program = ProgramFactory(slug="acme")
    submission = hold_submission(
        program, name="Buy Pills", email="victim@mail.example", language="it", friends=[BEN],
        agreement="", channel_id=None, now=now,
    )  # fmt: skip

    ask_to_confirm(submission, now=now)

    message = Message.objects.get()
    assert (message.purpose, message.to_address, message.to_name) == ("confirm", "victim@mail.example", "")
    assert message.language == "it"
    assert message.context["friend_count"] == 1
    assert message.context["link"] == f"http://localhost:8000/p/acme/confirm/{submission.token}/"


def test_without_an_owner_the_first_manager_is_alerted(now):
    enrolment = EnrolmentFactory()
    for role in (Membership.Role.ANALYST, Membership.Role.MANAGER):
        MembershipFactory(program=enrolment.program, role=role, user__email=f"{role}@acme.example")
    MembershipFactory(user__email="elsewhere@acme.example")

    submit_referrals(enrolment, [BEN], now=now, agreement="")

    assert Message.objects.get(purpose="sales_alert").to_address == "manager@acme.example"


def test_a_friend_whom_staff_let_count_after_all_is_invited(enrolment, now):
    AdvocateFactory(email=BEN.email)
    [referral] = submit_referrals(enrolment, [BEN], now=now, agreement="")

    referral.advance(Referral.Status.SUBMITTED, now=now)

    assert Message.objects.get(purpose="invitation").status == Message.Status.QUEUED


def test_a_no_leads_to_no_mail(now):
    referral = ReferralFactory()

    decline(referral, now=now)

    assert Event.objects.count() == 1
    assert purposes() == []


def test_staff_hear_of_trouble_once(now):
    user = UserFactory()

    for _time in range(2):
        alert_staff(
            user, key="worker-late:1", program=None, subject="The worker is late", body="Look.", now=now
        )

    assert Message.objects.get().to_address == user.email


@pytest.mark.parametrize("language", ["it", ""])
def test_an_advocate_is_written_to_in_their_language_or_the_programs(language, now):
    enrolment = EnrolmentFactory(advocate__language=language, advocate__kind=Advocate.Kind.PARTNER)
    type(enrolment.program).objects.update(language="fr")
    enrolment.program.language = "fr"

    submit_referrals(enrolment, [BEN], now=now, agreement="")

    thanks = Message.objects.get(purpose="referral_thanks")
    assert (thanks.language, thanks.contact_kind) == (language or "fr", "partner")
    assert Message.objects.get(purpose="invitation").language == "fr"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["Ben"], "Ben"),
        (["Ben", "Cleo"], "Ben and Cleo"),
        (["Ben", "Cleo", "Dan"], "Ben, Cleo and Dan"),
        (["Ben", "Cleo", "Dan", "Eve", "Fay"], "Ben, Cleo and 3 more"),
    ],
)
def test_names_are_listed_as_one_says_them(names, words):
    assert in_words(names) == words
