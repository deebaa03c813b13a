import pytest

from campaigns.services.chains import generations, growth
from referrals.models import Referral
from referrals.services.conversion import record_conversion
from referrals.services.enrolment import enrol
from tests.cast import client_of, member_of
from tests.factories import NOW, EnrolmentFactory, ProgramFactory, ReferralFactory

pytestmark = pytest.mark.django_db


def bring(enrolment, *, buys=True):
    """A friend of this advocate, who buys and has a place in the program."""
    referral = ReferralFactory(enrolment=enrolment)
    if not buys:
        return None
    record_conversion(referral, external_id=f"o{referral.pk}", amount=1, currency="EUR", now=NOW)
    return enrol(Referral.objects.get(pk=referral.pk).became, enrolment.program, now=NOW)


def test_generations_are_counted_from_those_who_came_alone():
    anna = EnrolmentFactory()
    ben = bring(anna)
    bring(anna)
    cleo = bring(ben)
    bring(cleo, buys=False)

    assert generations(anna.program) == [2, 1]


def test_k_is_friends_named_per_person_times_the_share_who_buy():
    anna = EnrolmentFactory()
    bring(anna)
    bring(anna, buys=False)

    found = growth(anna.program, now=NOW)

    assert (found.advocates, found.invited, found.customers, found.k) == (2, 2, 1, 0.5)


def test_with_nobody_there_is_no_growth_and_the_page_says_what_to_do():
    program = ProgramFactory()

    page = client_of(member_of(program)).get("/admin/chains/")

    assert growth(program, now=NOW).k == 0
    assert "No friend has become a customer yet." in page.content.decode()


def test_the_page_shows_ones_own_programs_only():
    theirs = EnrolmentFactory()
    bring(theirs)

    page = client_of(member_of(ProgramFactory())).get("/admin/chains/", {"program": theirs.program.pk})

    assert page.context["generations"] == []
