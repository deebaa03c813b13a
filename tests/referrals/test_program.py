from datetime import time

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from referrals.models import Program, Referral
from tests.factories import MembershipFactory, ProgramFactory, ReferralFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ({"sender_name": ""}, "program_live_says_who_writes"),
        ({"postal_address": ""}, "program_live_says_who_writes"),
        ({"opens_at": time(18), "closes_at": time(9)}, "program_opens_before_it_closes"),
        ({"opens_at": time(9), "closes_at": time(9)}, "program_opens_before_it_closes"),
    ],
)
def test_what_must_never_be_false_the_database_refuses(wrong, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ProgramFactory(**wrong)


def test_a_draft_may_be_unfinished():
    assert ProgramFactory(status="draft", sender_name="", postal_address="").pk


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("timezone", "Rome", "“Rome” is no time zone. Write one such as Europe/Rome."),
        ("timezone", "../etc/passwd", "“../etc/passwd” is no time zone. Write one such as Europe/Rome."),
        ("currency", "eur", "Three capital letters, such as EUR."),
        ("country", "Italy", "Two capital letters, such as IT."),
        ("brand_color", "red", "Write it as #0b6e4f."),
        ("brand_color", "#0b6e4f;}", "Write it as #0b6e4f."),
        ("working_days", "", "This field cannot be blank."),
        ("working_days", "089", "Digits from 1 (Monday) to 7 (Sunday)."),
        ("contact_within_hours", 0, "Ensure this value is greater than or equal to 1."),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence(field, value, sentence):
    program = ProgramFactory.build(**{field: value})

    with pytest.raises(ValidationError) as refused:
        program.full_clean()

    assert refused.value.message_dict[field][0] == sentence


def test_staff_see_their_own_programs_and_what_is_in_them():
    mine, other = MembershipFactory(), ReferralFactory()
    own = ReferralFactory(enrolment__program=mine.program)

    assert list(Program.objects.for_staff(mine.user)) == [mine.program]
    assert list(Referral.objects.for_staff(mine.user)) == [own]
    assert list(Referral.objects.for_staff(UserFactory())) == []
    assert set(Referral.objects.for_staff(UserFactory(is_superuser=True))) == {own, other}


@pytest.mark.parametrize("fit", [101, 32000])
def test_a_fit_is_a_percentage(fit):
    with pytest.raises(IntegrityError, match="referral_fit_is_a_percentage"), transaction.atomic():
        ReferralFactory(fit=fit)
