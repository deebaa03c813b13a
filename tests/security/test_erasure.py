"""Delete my data: nothing that names the friend is left in any table, whoever named them (invariant 13)."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.urls import reverse

from campaigns.models import Message
from campaigns.services.erasure import erase_advocates
from referrals.models import Advocate, Referral
from referrals.services.note import note_about
from referrals.services.referral import Friend, erase_friend, submit_referrals
from tests.cast import client_of, member_of, superuser
from tests.factories import AdvocateFactory, CallTaskFactory, EnrolmentFactory, ReferralFactory

pytestmark = pytest.mark.django_db
XAVER = {"name": "Xaver Quill", "email": "xaver@friend.example", "phone": "+390669821234"}


def tables_naming(*words):
    """Which tables hold one of these words in any column."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            if any(word in str(row) for row in cursor.fetchall() for word in words):
                found.add(table)
    return found


def test_a_friend_whom_three_advocates_named_is_forgotten_by_all_programs(now):
    one, two = EnrolmentFactory(), EnrolmentFactory()
    two_in_one = EnrolmentFactory(program=one.program)
    for enrolment in (one, two, two_in_one):
        submit_referrals(enrolment, [Friend(**XAVER)], now=now, agreement="")
    assert tables_naming("Xaver", "xaver@") >= {"referrals_referral", "campaigns_message"}

    erase_friend(Referral.objects.first(), now=now)

    assert tables_naming("Xaver", "Quill", "xaver@", "0669821234") == set()
    assert Message.objects.filter(status="queued", purpose="invitation").count() == 0


@pytest.mark.parametrize(
    ("other", "is_forgotten"),
    [
        ({"email": "XAVER@friend.example", "phone": ""}, True),
        ({"email": "", "phone": XAVER["phone"]}, True),
        ({"email": "yvonne@friend.example", "phone": XAVER["phone"]}, False),
    ],
)
def test_who_shares_the_phone_of_a_household_is_somebody_else(now, other, is_forgotten):
    other = ReferralFactory(name="Somebody", **other)

    erase_friend(ReferralFactory(**XAVER), now=now)

    other.refresh_from_db()
    assert (other.erased_at is not None) == is_forgotten


def test_the_back_office_writes_no_name_of_a_person_into_its_log(now):
    referral = ReferralFactory(**XAVER)
    client = client_of(member_of(referral.program))

    client.post(reverse("admin:referrals_referral_step", args=[referral.pk, "contacted"]), {"_do": "1"})

    assert LogEntry.objects.get().object_repr == f"referral {referral.pk}"
    # The advocate reads of it in a mail.
    assert tables_naming("Xaver") == {"campaigns_message", "referrals_referral"}


def test_an_advocate_changed_by_hand_is_a_number_in_the_log():
    advocate = EnrolmentFactory(advocate__name="Xaver Quill").advocate
    page = reverse("admin:referrals_advocate_change", args=[advocate.pk])
    client = client_of(superuser())
    form = client.get(page).context["adminform"].form

    client.post(page, {n: form[n].value() or "" for n in form.fields} | {"name": "Yves Quill"})

    advocate.refresh_from_db()
    assert advocate.name == "Yves Quill"
    assert LogEntry.objects.get().object_repr == f"advocate {advocate.pk}"


def test_an_advocate_is_forgotten_in_every_table(now):
    place = EnrolmentFactory(advocate=AdvocateFactory(**XAVER, company="Quill Ltd"))
    submit_referrals(place, [Friend("Ben Weber", "ben@friend.example")], now=now, agreement="Ben agreed.")
    note_about(Advocate.objects.all(), text="Xaver is moving house", now=now, by=superuser())
    CallTaskFactory(advocate=place.advocate, program=place.program, reason="Xaver gave 3 of 10")
    assert tables_naming("Xaver", "Quill") >= {
        "referrals_advocate", "referrals_event", "campaigns_message", "campaigns_calltask",
    }  # fmt: skip

    erase_advocates(Advocate.objects.filter(pk=place.advocate_id), now=now, by=superuser())

    assert tables_naming("Xaver", "Quill", "xaver@", "0669821234") == set()
    assert Referral.objects.get().name == "Ben Weber"
