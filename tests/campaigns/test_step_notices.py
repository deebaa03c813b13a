"""The advocate hears of each step, in kind words, and nothing that is the friend's to say."""

import pytest

from campaigns.models import Message
from referrals.models import Referral
from referrals.services.conversion import record_conversion, reverse_conversion
from referrals.services.referral import erase_friend
from tests.factories import EnrolmentFactory, ProgramFactory, ReferralFactory

pytestmark = pytest.mark.django_db
NEWS = ("contacted_news", "qualified_news", "lost_news")


def news():
    rows = Message.objects.filter(purpose__in=NEWS).order_by("pk")
    return [(row.purpose, row.context.get("reason")) for row in rows]


def move(referral, to, now, reason=""):
    Referral.objects.filter(pk=referral.pk).advance(to, now=now, reason=reason)


def test_each_step_is_one_mail(now):
    referral = ReferralFactory(name="Ben Weber")
    for to in ("contacted", "qualified", "under_review", "submitted", "contacted"):
        move(referral, to, now)

    assert news() == [("contacted_news", None), ("qualified_news", None)]
    message = Message.objects.filter(purpose="contacted_news").get()
    assert message.to_address == referral.enrolment.advocate.email
    assert message.context["friend_first_name"] == "Ben"


@pytest.mark.parametrize(
    ("reason", "said"),
    [("no_answer", "no_answer"), ("not_a_fit", "not_a_fit"), ("wrong_person", "wrong_person"),
     ("price", ""), ("competitor", ""), ("not_interested", "")],
)  # fmt: skip
def test_why_it_did_not_work_out_is_told_as_far_as_it_is_ours(now, reason, said):
    move(ReferralFactory(), "lost", now, reason=reason)

    assert news() == [("lost_news", said)]


@pytest.mark.parametrize("switch", ["tell_contacted", "tell_qualified", "tell_lost"])
def test_a_program_may_leave_a_step_untold(now, switch):
    program = ProgramFactory(**{switch: False})
    referral = ReferralFactory(enrolment=EnrolmentFactory(program=program))
    for to in ("contacted", "qualified", "lost"):
        move(referral, to, now)

    told = {purpose for purpose, _reason in news()}
    assert told == set(NEWS) - {switch.replace("tell_", "") + "_news"}


def test_of_a_friend_who_is_forgotten_nothing_is_told(now):
    erase_friend(ReferralFactory(), now=now)

    assert news() == []


def test_a_friends_own_no_leads_to_no_mail(now):
    move(ReferralFactory(), "lost", now, reason="declined")

    assert news() == []


def test_a_sale_taken_back_is_no_news_of_a_good_fit(now):
    sale = record_conversion(ReferralFactory(), external_id="A", amount=1, currency="EUR", now=now)
    reverse_conversion(sale, reason="refund", now=now)

    assert news() == []


@pytest.mark.parametrize("count", [1, 3])
def test_news_of_many_cost_as_many_queries_as_of_one(now, count, django_assert_num_queries):
    for _ in range(count):
        ReferralFactory()

    with django_assert_num_queries(9):
        Referral.objects.all().advance("lost", now=now)
