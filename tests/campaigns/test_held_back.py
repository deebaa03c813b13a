import pytest

from campaigns.models import MessageTemplate
from campaigns.services.delivery import deliver_due
from referrals.models import Membership
from tests.cast import client_of, member_of
from tests.factories import AdvocateFactory, EnrolmentFactory, MessageFactory, ProgramFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/campaigns/heldback/"


@pytest.fixture
def held(now):
    """An ask that came at four at night, New York time."""
    anna = AdvocateFactory(name="Anna Rossi", timezone="America/New_York")
    enrolment = EnrolmentFactory(advocate=anna)
    message = MessageFactory(purpose="ask", advocate=anna, program=enrolment.program)
    MessageFactory(program=enrolment.program, to_name="Bruno Verdi")
    deliver_due(now=now)
    return message


@pytest.mark.parametrize("role", Membership.Role.values)
def test_staff_see_whom_we_left_in_peace_and_why(held, role):
    html = client_of(member_of(held.program, role)).get(LIST).text

    assert "Anna Rossi" in html
    assert "quiet hours where they are" in html
    assert "Bruno Verdi" not in html


@pytest.mark.parametrize(
    ("filters", "found"),
    [({"held_for": "quiet"}, 1), ({"held_for": "week"}, 0), ({"now": "waits"}, 1), ({"now": "left"}, 0)],
)
def test_the_list_is_filtered_by_reason_and_by_what_became_of_it(held, filters, found):
    page = client_of(member_of(held.program)).get(LIST, filters)

    assert page.context["cl"].result_count == found


def test_it_stands_on_the_persons_page_too(held):
    html = (
        client_of(member_of(held.program)).get(f"/admin/referrals/advocate/{held.advocate_id}/change/").text
    )

    assert "quiet hours where they are" in html


def test_others_see_nothing_of_it(held):
    assert "Anna Rossi" not in client_of(member_of(ProgramFactory())).get(LIST).text


def test_what_left_later_says_so(held, now):
    MessageTemplate.objects.create(program=held.program, purpose="ask", subject="Hi", body="Hello")

    deliver_due(now=now.replace(hour=14))

    assert client_of(member_of(held.program)).get(LIST, {"now": "left"}).context["cl"].result_count == 1
