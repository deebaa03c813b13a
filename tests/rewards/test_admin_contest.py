"""Running a contest in the back office: what it asks, what stays fixed, and the draw."""

from datetime import timedelta

import pytest
from django.contrib.admin.widgets import AdminSplitDateTime
from django.urls import reverse
from django.utils import timezone

from referrals.models import Event
from rewards.models import Contest, ContestAction, ContestPrize, Reward
from rewards.services.contest import collect_entries, enter_free
from tests.cast import client_of, member_of, said
from tests.factories import (
    AdvocateFactory,
    EnrolmentFactory,
    EventFactory,
    IncentiveFactory,
    ProgramFactory,
)

pytestmark = pytest.mark.django_db
LIST = reverse("admin:rewards_contest_changelist")
DAY = timedelta(days=1)


def contest_of(program, *, starts=-10, ends=10, people=0):
    """A contest, days from now; so many people reviewed us meanwhile."""
    now = timezone.now()
    contest = Contest.objects.create(
        program=program, name="Spring", starts_at=now + starts * DAY, ends_at=now + ends * DAY
    )
    ContestAction.objects.create(contest=contest, when="review.left", weight=2)
    ContestPrize.objects.create(contest=contest, place=1, incentive=IncentiveFactory(program=program))
    for number in range(people):
        advocate = AdvocateFactory(name=f"Anna {number}", show_name=number % 2 == 0)
        EnrolmentFactory(program=program, advocate=advocate)
        EventFactory(
            kind=Event.Kind.REVIEW_LEFT, program=program, advocate=advocate,
            occurred_at=contest.starts_at + DAY, recorded_at=now,
        )  # fmt: skip
    collect_entries(now=now)
    return contest


def page_of(contest):
    return reverse("admin:rewards_contest_change", args=[contest.pk])


def draw_of(contest):
    return reverse("admin:rewards_contest_step", args=[contest.pk, "draw"])


def typed_on(page):
    """Everything the page would send back."""
    forms = [page.context["adminform"].form]
    for inline in page.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    typed = {}
    for form in forms:
        for name in form.fields:
            value = form[name].value()
            if isinstance(form.fields[name].widget, AdminSplitDateTime):
                continue
            if value is not None and value is not False:
                typed[form.add_prefix(name)] = value
    return typed


def test_a_new_contest_begins_with_the_usual_actions_and_can_be_saved_as_it_stands():
    program = ProgramFactory()
    client = client_of(member_of(program))
    gift = IncentiveFactory(program=program)
    add = reverse("admin:rewards_contest_add")
    typed = typed_on(client.get(add)) | {
        "program": program.pk, "name": "Spring", "prizes-0-place": 1, "prizes-0-incentive": gift.pk,
        "starts_at_0": "2026-05-01", "starts_at_1": "00:00", "ends_at_0": "2026-06-01", "ends_at_1": "00:00",
    }  # fmt: skip

    client.post(add, typed)

    contest = Contest.objects.get()
    assert dict(contest.actions.values_list("when", "weight")) == {
        "followed": 1, "review.left": 2, "referral.submitted": 5,
    }  # fmt: skip
    assert [prize.incentive for prize in contest.prizes.all()] == [gift]


def test_a_prize_of_another_program_is_refused_and_nothing_saved():
    program, other = ProgramFactory(), IncentiveFactory()
    boss = member_of(program)
    boss.is_superuser = True
    boss.save()
    client, add = client_of(boss), reverse("admin:rewards_contest_add")
    typed = typed_on(client.get(add)) | {
        "program": program.pk, "name": "Spring", "prizes-0-place": 1, "prizes-0-incentive": other.pk,
        "starts_at_0": "2026-05-01", "starts_at_1": "00:00", "ends_at_0": "2026-06-01", "ends_at_1": "00:00",
    }  # fmt: skip

    page = client.post(add, typed)

    assert "Choose an incentive of the same program." in page.content.decode()
    assert Contest.objects.count() == 0


def test_what_people_took_part_for_stays_as_it_is():
    contest = contest_of(ProgramFactory(), people=1)
    client = client_of(member_of(contest.program))
    page = client.get(page_of(contest))
    action = contest.actions.get()

    client.post(
        page_of(contest),
        typed_on(page)
        | {
            "name": "Summer", "ends_at_0": "2036-01-01", "ends_at_1": "00:00", "actions-TOTAL_FORMS": 1,
            "actions-INITIAL_FORMS": 1, "actions-0-id": action.pk, "actions-0-weight": 99,
            "actions-0-when": action.when, "prizes-TOTAL_FORMS": 0, "prizes-INITIAL_FORMS": 0,
        },
    )  # fmt: skip

    after = Contest.objects.get()
    assert "period, actions and prizes stay as they are" in page.content.decode()
    assert (after.name, after.ends_at, after.actions.get().weight) == ("Summer", contest.ends_at, 2)


def test_the_seed_is_secret_and_its_hash_is_not():
    contest = contest_of(ProgramFactory())
    html = client_of(member_of(contest.program)).get(page_of(contest)).content.decode()

    assert contest.seed_hash in html
    assert contest.seed not in html


def test_a_draw_before_the_end_is_refused_with_a_sentence():
    contest = contest_of(ProgramFactory(), people=1)

    page = client_of(member_of(contest.program)).post(draw_of(contest), {"_do": "1"})

    assert page.context["form"].non_field_errors() == ["The contest is not over. It can be drawn once it is."]
    assert Reward.objects.count() == 0


def test_a_draw_without_anybody_is_refused_with_a_sentence():
    contest = contest_of(ProgramFactory(), ends=-1)

    page = client_of(member_of(contest.program)).post(draw_of(contest), {"_do": "1"})

    assert page.context["form"].non_field_errors() == ["Nobody took part, so there is nothing to draw."]


def test_the_draw_promises_the_prize_and_publishes_everything():
    contest = contest_of(ProgramFactory(), ends=-1, people=3)
    client = client_of(member_of(contest.program))

    drawn = client.post(draw_of(contest), {"_do": "1"}, follow=True)
    again = client.post(draw_of(contest), {"_do": "1"}, follow=True)

    reward = Reward.objects.get()
    assert said(drawn) == [("success", "Draw the winners: Spring.")]
    assert said(again)[0].level == "warning"
    result = drawn.context["panels"][0]
    assert [(row[0], str(reward.enrolment.advocate) in str(row[2])) for row in result.rows] == [(1, True)]
    assert contest.seed in drawn.content.decode()
    assert reverse("contest-draw", args=[contest.program.slug, contest.pk]) in drawn.content.decode()


def test_the_leaderboard_says_which_name_others_see():
    contest = contest_of(ProgramFactory(), people=2)
    anna = contest.entries.get(enrolment__advocate__name="Anna 0").enrolment
    enter_free(contest, anna, now=timezone.now())

    page = client_of(member_of(contest.program)).get(page_of(contest))

    first, second = page.context["panels"][-1].rows
    assert (first[2], second[2]) == (3, 2)
    assert "others see: Anna<" in str(first[1])
    assert "others see: no name, as they wish" in str(second[1])


def test_the_list_asks_as_often_with_three_as_with_one(django_assert_num_queries):
    program = ProgramFactory()
    client = client_of(member_of(program))
    for count in (1, 3):
        for _ in range(count):
            contest_of(program, people=count)
        client.get(LIST)
        with django_assert_num_queries(8):
            client.get(LIST)


def test_who_only_looks_draws_nothing_and_strangers_see_nothing():
    contest = contest_of(ProgramFactory(), ends=-1, people=1)

    assert (
        client_of(member_of(contest.program, "sales")).post(draw_of(contest), {"_do": "1"}).status_code == 403
    )
    assert client_of(member_of(ProgramFactory())).post(draw_of(contest), {"_do": "1"}).status_code == 404
    assert Contest.objects.get().drawn_at is None
