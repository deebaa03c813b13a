import pytest
from django.db import IntegrityError

from campaigns.models import ContactPolicy
from referrals.models import Membership
from tests.cast import client_of, member_of
from tests.factories import ProgramFactory

pytestmark = pytest.mark.django_db
PAGE = "/admin/campaigns/contactpolicy/1/change/"
FORM = {"per_week": 1, "per_month": 3, "quiet_from": "21:00", "quiet_until": "09:30", "quiet_days": "67"}


def test_a_manager_reads_the_policy_in_words_and_changes_it():
    client = client_of(member_of(ProgramFactory()))
    before = client.get(PAGE).text
    client.post(PAGE, FORM)
    after = client.get(PAGE).text

    assert "One person gets at most 2 messages a week and 6 a month that they did not ask for." in before
    assert "Not between 20:00 and 08:00, and not on Sunday, where they are." in before
    assert "One person gets at most 1 message a week and 3 a month that they did not ask for." in after
    assert "Not between 21:00 and 09:30, and not on Saturday and Sunday, where they are." in after
    assert ContactPolicy.objects.current().history.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("quiet_from", "20:10", "Give a full, half or quarter hour, such as 20:00 or 20:15."),
        ("quiet_days", "8", "Digits from 1 (Monday) to 7 (Sunday)."),
        ("quiet_days", "1234567", "Ensure this value has at most 6 characters (it has 7)."),
        ("per_week", "0", "Ensure this value is greater than or equal to 1."),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(field, value, sentence):
    page = client_of(member_of(ProgramFactory())).post(PAGE, FORM | {field: value})

    assert page.context["adminform"].form.errors == {field: [sentence]}


@pytest.mark.parametrize("role", [Membership.Role.SALES, Membership.Role.SUPPORT, Membership.Role.ANALYST])
def test_others_read_it_only(role):
    client = client_of(member_of(ProgramFactory(), role))

    assert client.get(PAGE).status_code == 200
    assert client.post(PAGE, FORM).status_code == 403
    assert ContactPolicy.objects.current().per_week == 2


def test_there_is_one_policy_and_without_it_the_usual_one():
    with pytest.raises(IntegrityError):
        ContactPolicy.objects.create(pk=2)


def test_without_a_row_the_usual_holds():
    ContactPolicy.objects.all().delete()

    assert ContactPolicy.objects.current().per_month == 6
