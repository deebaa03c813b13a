from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.models import Experiment, ExperimentArm, ExperimentSubject, Message
from campaigns.services.experiment import boundary, end, needed, results, start
from campaigns.services.planner import plan_due
from referrals.models import Tag, Tagging
from referrals.transitions import Refused
from tests.cast import client_of, member_of
from tests.factories import (
    NOW,
    AdvocateFactory,
    AskFactory,
    EnrolmentFactory,
    ExperimentFactory,
    IncentiveFactory,
    OutreachPlanFactory,
    ProgramFactory,
    ReferralFactory,
)

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


def join(experiment, arm, count, hits):
    """People who took the step a month and a day ago, the first ``hits`` of whom recommended somebody."""
    then = NOW - MONTH - timedelta(days=1)
    for number in range(count):
        place = EnrolmentFactory(program=experiment.plan.program)
        ask = AskFactory(plan=experiment.plan, advocate=place.advocate)
        ExperimentSubject.objects.create(
            experiment=experiment, arm=arm, advocate=place.advocate, ask=ask, joined_at=then
        )
        if number < hits:
            ReferralFactory(enrolment=place, submitted_at=then + timedelta(days=3))


def test_people_keep_the_way_they_drew_and_chance_is_even():
    experiment = ExperimentFactory(arms=[{"name": "A", "share": 1}, {"name": "B", "share": 3}])
    arms = list(experiment.arms.all())

    drawn = [experiment.draw(arms, number).name for number in range(2000)]

    assert drawn == [experiment.draw(arms, number).name for number in range(2000)]
    assert 0.72 < drawn.count("B") / 2000 < 0.78


def test_a_way_changes_words_channel_hour_offer_and_tag_of_the_step_and_nothing_else():
    gift = IncentiveFactory(name="a cinema ticket")
    tag = Tag.objects.create(name="cinema")
    way = {
        "name": "B", "variant": "short", "channel": "sms", "hour": 15, "days_later": 1, "incentive": gift, "tag": tag,
    }  # fmt: skip
    experiment = ExperimentFactory(arms=[way, way | {"name": "C"}])
    anna = AdvocateFactory(phone="+390612345678", timezone="Europe/Rome")
    AskFactory(plan=experiment.plan, advocate=anna, due_at=NOW)

    plan_due(now=NOW)

    message = Message.objects.get(ask__advocate=anna)
    assert (message.variant, message.channel, message.to_address) == ("short", "sms", "+390612345678")
    assert message.context["advocate_offer"] == "a cinema ticket"
    assert message.due_at.isoformat() == "2026-03-05T14:00:00+00:00"
    assert Tagging.objects.get(advocate=anna).tag == tag
    assert ExperimentSubject.objects.get().advocate == anna


def test_without_a_phone_the_plans_way_is_kept():
    experiment = ExperimentFactory(arms=[{"name": "A", "channel": "sms"}, {"name": "B", "channel": "sms"}])
    AskFactory(plan=experiment.plan, advocate=AdvocateFactory(phone=""), due_at=NOW)

    plan_due(now=NOW)

    assert Message.objects.get(ask__isnull=False).channel == "email"


@pytest.mark.parametrize("status", ["draft", "ended"])
def test_nobody_joins_an_experiment_that_does_not_run(status):
    experiment = ExperimentFactory(status=status)
    AskFactory(plan=experiment.plan, due_at=NOW)

    plan_due(now=NOW)

    assert ExperimentSubject.objects.count() == 0


def test_it_takes_as_many_people_as_the_textbook_says():
    experiment = Experiment(baseline=10, smallest=5)

    # Fleiss, table A.3 without continuity correction: 686 for 10 % against 15 %.
    assert needed(experiment, 2) == 686
    assert needed(experiment, 3) > needed(experiment, 2)


@given(st.floats(0.02, 1), st.floats(0.02, 1), st.integers(1, 5))
def test_the_earlier_one_looks_the_more_a_difference_has_to_show(one, other, comparisons):
    early, late = sorted((one, other))

    assert boundary(early, comparisons) >= boundary(late, comparisons) >= 1.95


def test_too_little_data_is_called_so():
    experiment = ExperimentFactory(started_at=NOW - 2 * MONTH, baseline=30, smallest=30)
    first, second = experiment.arms.all()
    join(experiment, first, 12, 1)
    join(experiment, second, 12, 4)

    rows = results(experiment, now=NOW)

    assert [(row.effect.named, row.effect.bought) for row in rows] == [(12, 1), (12, 4)]
    assert rows[1].verdict == "Not enough data yet: 12 of 42 people a way; about 26 weeks more."
    assert rows[1].points[1] < 0 < rows[1].points[2]


def test_an_experiment_that_would_take_years_says_so():
    experiment = ExperimentFactory(started_at=NOW - 2 * MONTH)
    for arm in experiment.arms.all():
        join(experiment, arm, 12, 1)

    [_first, second] = results(experiment, now=NOW)

    assert second.verdict == (
        "Not enough data yet: 12 of 686 people a way, and at this pace more than a year. Look for a larger "
        "difference, or try a step that more people take."
    )


def test_a_clear_difference_is_named_and_the_window_counts():
    experiment = ExperimentFactory(started_at=NOW - 2 * MONTH, baseline=10, smallest=50)
    first, second = experiment.arms.all()
    wanted = needed(experiment, 2)
    join(experiment, first, wanted, 0)
    join(experiment, second, wanted, wanted)
    ReferralFactory(enrolment__program=experiment.plan.program, submitted_at=NOW - timedelta(hours=1))

    rows = results(experiment, now=NOW)

    assert rows[1].verdict == "“B” is better, and chance does not explain it."
    assert rows[0].effect.bought == 0


def test_enough_people_without_a_difference_end_the_question():
    experiment = ExperimentFactory(baseline=10, smallest=50)
    first, second = experiment.arms.all()
    wanted = needed(experiment, 2)
    join(experiment, first, wanted, 2)
    join(experiment, second, wanted, 2)

    assert results(experiment, now=NOW)[1].verdict.startswith("No difference of 50 points or more")


def test_starting_needs_two_ways_and_a_free_step(now):
    plan = OutreachPlanFactory()
    lonely = ExperimentFactory(plan=plan, status="draft", arms=[{"name": "A"}])
    with pytest.raises(Refused, match="Add at least two ways"):
        start(Experiment.objects.filter(pk=lonely.pk), now=now, by=None)
    ExperimentFactory(plan=plan)
    ExperimentArm.objects.create(experiment=lonely, name="B")
    with pytest.raises(Refused, match="Another experiment runs on this step"):
        start(Experiment.objects.filter(pk=lonely.pk), now=now, by=None)

    end(Experiment.objects.exclude(pk=lonely.pk), now=now, by=None)
    assert len(start(Experiment.objects.filter(pk=lonely.pk), now=now, by=None).moved) == 1


@pytest.mark.parametrize("people", [1, 3])
def test_results_take_the_same_queries_however_many_people(people, django_assert_num_queries):
    experiment = ExperimentFactory()
    for arm in experiment.arms.all():
        join(experiment, arm, people, 1)

    with django_assert_num_queries(2):
        results(experiment, now=NOW)


def test_a_manager_sets_an_experiment_up_and_reads_what_it_says():
    plan = OutreachPlanFactory()
    desk = client_of(member_of(plan.program))
    arms = {
        "arms-TOTAL_FORMS": "2", "arms-INITIAL_FORMS": "0", "arms-0-name": "Usual", "arms-0-share": "1",
        "arms-0-days_later": "0", "arms-1-name": "Short", "arms-1-share": "1", "arms-1-days_later": "0",
    }  # fmt: skip
    asked = {
        "name": "Shorter?", "plan": plan.pk, "position": "1", "measure": "referred", "window_days": "30",
        "baseline": "10", "smallest": "5",
    }  # fmt: skip

    refused = desk.post("/admin/campaigns/experiment/add/", asked | arms | {"arms-1-variant": "nonsense"})
    assert "There is no wording called “nonsense” for this step" in refused.text
    desk.post("/admin/campaigns/experiment/add/", asked | arms | {"arms-1-variant": "short"})

    experiment = Experiment.objects.get()
    page = desk.get(f"/admin/campaigns/experiment/{experiment.pk}/change/")
    assert "it takes 686 people a way" in page.text
    other = client_of(member_of(ProgramFactory()))
    assert other.get(f"/admin/campaigns/experiment/{experiment.pk}/change/").status_code == 404
