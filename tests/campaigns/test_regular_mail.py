"""What advocates read by the calendar: news of their recommendations, rewards that wait, thanks. Never twice."""

from datetime import timedelta

import pytest
from django.urls import reverse

from campaigns.models import Message, RegularMail
from campaigns.services.regular_mail import (
    remind_of_rewards,
    tell_progress,
    thank_for_years,
    thank_personally,
)
from campaigns.services.words import render
from referrals.models import Program
from rewards.services.anniversary import record_anniversaries
from tests.cast import client_of, member_of
from tests.factories import (
    EnrolmentFactory,
    IncentiveFactory,
    ProgramFactory,
    ReferralFactory,
    RewardFactory,
    RewardRuleFactory,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def written(purpose):
    return Message.objects.filter(purpose=purpose).order_by("pk")


def recommended(now, days, *, program=None, **facts):
    """A friend whom an advocate named so many days ago, and who said yes an hour ago."""
    place = EnrolmentFactory(program=program or ProgramFactory())
    return ReferralFactory(
        enrolment=place, submitted_at=now - days * DAY,
        **{"accepted_at": now - timedelta(hours=1), "name": "Ben Weber"} | facts,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("days", "count"), [(0, 0), (1, 1), (2, 1), (3, 0), (7, 1), (15, 1), (40, 0), (120, 1)]
)
def test_news_is_told_on_certain_days_after_a_recommendation(now, days, count):
    recommended(now, days)

    assert (tell_progress(now=now), written("progress").count()) == (count, count)


def test_news_says_what_happened_and_how_many_there_are(now):
    friend = recommended(now, 7)
    ReferralFactory(enrolment=friend.enrolment, status="converted", submitted_at=now - 9 * DAY)

    tell_progress(now=now)

    [message] = written("progress")
    text = render(message)[1]
    assert "Ben said yes and wants to hear from us." in text
    assert "You have recommended us to 2 friends. One of them is a customer today." in text


@pytest.mark.parametrize(
    ("facts", "count"),
    [
        ({"accepted_at": None}, 0),
        ({"status": "contacted"}, 0),
        ({"status": "contacted", "program__tell_contacted": False}, 1),
        ({"status": "qualified", "program__tell_qualified": False}, 1),
        ({"status": "converted"}, 0),
        ({"status": "rejected"}, 0),
        ({"accepted_at": -8}, 0),
        ({"source": "link"}, 0),
    ],
    ids=["nothing", "told", "in touch", "a good fit", "thanked", "does not count", "old", "came by a link"],
)
def test_what_is_no_news_or_was_told_at_once_is_not_told(now, facts, count):
    switches = {k.removeprefix("program__"): v for k, v in facts.items() if k.startswith("program__")}
    facts = {k: v for k, v in facts.items() if not k.startswith("program__")}
    if isinstance(facts.get("accepted_at"), int):
        facts["accepted_at"] = now + facts["accepted_at"] * DAY
    recommended(now, 7, program=ProgramFactory(**switches), **{"status_at": now - timedelta(hours=1)} | facts)

    assert tell_progress(now=now) == count


def test_what_was_told_on_the_first_day_is_not_told_on_the_seventh(now):
    recommended(now, 1)
    told = [tell_progress(now=now + days * DAY) for days in (0, 0.5, 6)]

    assert (told, written("progress").count()) == ([1, 1, 0], 1)


def test_a_reward_that_waits_is_remembered_once(now):
    rule = RewardRuleFactory()
    box = IncentiveFactory(program=rule.program, kind="mystery", name="a mystery gift")
    donation = IncentiveFactory(program=rule.program, kind="donation", name="a donation")
    waits = [
        {"status": "issued", "code": "GIFT-1"},
        {"status": "issued", "wrapped_in": box},
        {"status": "approved", "incentive": donation},
    ]
    done = [
        {"status": "redeemed", "code": "GIFT-2"},
        {"status": "issued", "code": "GIFT-3", "expires_at": now - DAY},
        {"status": "issued", "wrapped_in": box, "opened_at": now},
        {"status": "issued"},
        {"status": "approved"},
        {"status": "issued", "code": "GIFT-4", "status_at": now - 13 * DAY},
        {"status": "issued", "code": "GIFT-5", "status_at": now - 45 * DAY},
    ]
    for facts in waits + done:
        referral = ReferralFactory(enrolment__program=rule.program)
        RewardFactory(
            rule=rule, referral=referral, due_at=now - 99 * DAY, **{"status_at": now - 14 * DAY} | facts
        )

    assert [remind_of_rewards(now=now), remind_of_rewards(now=now)] == [3, 0]
    subjects = {render(message)[0] for message in written("reward_reminder")}
    assert "a mystery gift is still waiting for you" in subjects


def test_a_year_is_thanked_for_once(now):
    place = EnrolmentFactory(joined_at=now.replace(year=now.year - 2))
    ReferralFactory(enrolment=place)
    record_anniversaries(now=now)

    assert [thank_for_years(now=now), thank_for_years(now=now + DAY)] == [1, 1]
    [message] = written("anniversary")
    subject, text, _html = render(message)
    assert subject == "2 years of good words"
    assert "One friend has heard of us through you since." in text


@pytest.mark.parametrize(("customers", "letters"), [(2, 0), (3, 1), (4, 1)])
def test_whoever_brought_three_customers_gets_a_letter(now, customers, letters):
    place = EnrolmentFactory()
    for _ in range(customers):
        ReferralFactory(enrolment=place, status="converted", status_at=now - DAY)

    for _ in range(2):
        thank_personally(now=now)

    assert written("personal_thanks").count() == letters


def test_a_program_chooses_what_it_writes(now):
    place = recommended(now, 7).enrolment
    mail = RegularMail.objects.create(
        program=place.program, progress_days="", remind_after_days=None, anniversaries=False, letter_at="1"
    )
    record_anniversaries(now=now)
    bought = ReferralFactory(enrolment=place, status="converted", status_at=now, submitted_at=now - 30 * DAY)
    RewardFactory(status="issued", code="X", status_at=now - 20 * DAY, due_at=now - 30 * DAY, referral=bought)

    done = [job(now=now) for job in (tell_progress, remind_of_rewards, thank_for_years, thank_personally)]

    assert done == [0, 0, 0, 1]
    mail.progress_days = "3, 7"
    mail.save()
    assert tell_progress(now=now) == 1


def test_nothing_is_written_for_a_program_that_is_not_open_or_to_nobody(now):
    recommended(now, 7, program=ProgramFactory(status=Program.Status.PAUSED))
    friend = recommended(now, 7)
    friend.enrolment.advocate.email = friend.enrolment.advocate.email_key = ""
    friend.enrolment.advocate.phone = "+393331234567"
    friend.enrolment.advocate.save()

    assert tell_progress(now=now) == 0


@pytest.mark.parametrize("count", [1, 3])
def test_each_of_them_asks_as_often_however_many_there_are(now, count, django_assert_num_queries):
    program = ProgramFactory()
    for _ in range(count):
        place = recommended(now, 7, program=program).enrolment
        place.joined_at = now.replace(year=now.year - 1)
        place.save()
        for _ in range(3):
            ReferralFactory(enrolment=place, status="converted", status_at=now, submitted_at=now - 30 * DAY)
        RewardFactory(
            status="issued", code="X", status_at=now - 20 * DAY, due_at=now - 30 * DAY,
            referral=ReferralFactory(enrolment=place, submitted_at=now - 30 * DAY),
        )  # fmt: skip
    record_anniversaries(now=now)

    for job, queries in (
        (tell_progress, 6),
        (remind_of_rewards, 5),
        (thank_for_years, 6),
        (thank_personally, 5),
    ):
        with django_assert_num_queries(queries):
            assert job(now=now) == count


@pytest.mark.parametrize("typed", ["soon", "1,,2", "0", "1000", "1;2"])
def test_days_are_typed_as_numbers(typed):
    program = ProgramFactory()
    page = reverse("admin:campaigns_regularmail_add")

    response = client_of(member_of(program)).post(page, {"program": program.pk, "progress_days": typed})

    said = response.context["adminform"].form.errors["progress_days"]
    assert said == ["Give numbers with commas between them, such as 1, 7, 14."]


def test_the_page_says_what_is_written():
    mail = RegularMail.objects.create(program=ProgramFactory(), letter_at="", progress_days="7")
    page = reverse("admin:campaigns_regularmail_change", args=[mail.pk])

    assert client_of(member_of(mail.program)).get(page).context["summary"] == [
        "After a recommendation, news goes out on day 7, if there is any.",
        "Whoever has not used a reward after 14 days is reminded once.",
        "Each year in the program is thanked for.",
    ]
