"""Plans in the back office: begin with a ready one, look at what it would do, start it, stop it, see the result."""

from datetime import timedelta

import pytest
from django.urls import reverse

from campaigns.models import Ask, Message, OutreachPlan
from campaigns.services.asks import sign
from campaigns.services.delivery import deliver_due
from campaigns.services.planner import plan_due
from campaigns.starters import STARTERS
from referrals.models import Event, Membership
from tests.cast import client_of, member_of, said
from tests.factories import (
    NOW,
    AdvocateFactory,
    AskFactory,
    EnrolmentFactory,
    MessageFactory,
    OutreachPlanFactory,
    PlanStepFactory,
    ProgramFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
Status, Trigger = OutreachPlan.Status, OutreachPlan.Trigger
DAY = timedelta(days=1)
STARTERS_PAGE = "/admin/campaigns/outreachplan/starters/"


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def maya(program):
    return client_of(member_of(program))


def page(plan, name="change"):
    return reverse(f"admin:campaigns_outreachplan_{name}", args=[plan.pk])


def step(plan, name):
    return reverse("admin:campaigns_outreachplan_step", args=[plan.pk, name])


def text(answer):
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("starter", STARTERS, ids=lambda one: one.slug)
def test_a_ready_plan_becomes_a_draft_that_says_in_words_what_it_does(maya, program, starter):
    answer = maya.post(STARTERS_PAGE, {"starter": starter.slug, "program": program.pk}, follow=True)

    plan = OutreachPlan.objects.get()
    assert (plan.status, plan.program, plan.steps.count()) == (Status.DRAFT, program, len(starter.steps))
    assert said(answer)[0].text.startswith("A draft of your own")
    assert "1. At once" in text(answer) or "1. 7 days later" in text(answer)


def test_nobody_makes_a_plan_for_another_program_or_without_the_right(program, maya):
    foreign = maya.post(STARTERS_PAGE, {"starter": "purchase", "program": ProgramFactory().pk})
    sales = client_of(member_of(program, Membership.Role.SALES))
    refused = sales.post(STARTERS_PAGE, {"starter": "purchase", "program": program.pk})

    assert (foreign.status_code, refused.status_code, OutreachPlan.objects.count()) == (404, 403, 0)


def members(count, **more):
    return AdvocateFactory.create_batch(count, **more)


def test_more_than_a_hundred_people_are_confirmed_by_typing_the_number(maya, program):
    plan = OutreachPlanFactory(program=program, trigger=Trigger.MEMBER, status=Status.DRAFT)
    members(101)

    wrong = maya.post(step(plan, "start"), {"_do": "1", "number": "100"})
    assert "It would write to 101 people. Type that number to confirm." in text(wrong)
    assert OutreachPlan.objects.get().status == Status.DRAFT
    maya.post(step(plan, "start"), {"_do": "1", "number": "101"})
    again = maya.post(step(plan, "start"), {"_do": "1", "number": "101"}, follow=True)

    assert OutreachPlan.objects.get().status == Status.LIVE
    assert said(again)[-1].level == "warning"
    assert Event.objects.filter(kind=Event.Kind.PLAN_MOVED).count() == 1


def test_fewer_people_are_said_before_a_plan_starts_and_need_no_number(maya, program):
    plan = OutreachPlanFactory(program=program, trigger=Trigger.MEMBER, status=Status.DRAFT)
    members(2)

    assert "As things stand it writes to 2 people." in text(maya.get(step(plan, "start")))
    maya.post(step(plan, "start"), {"_do": "1"})

    assert OutreachPlan.objects.get().status == Status.LIVE


def test_a_plan_does_not_start_while_the_law_is_not_satisfied(maya, program):
    plan = OutreachPlanFactory(program=program, status=Status.DRAFT)
    type(program).objects.filter(pk=program.pk).update(status="draft", postal_address="")

    answer = maya.post(step(plan, "start"), {"_do": "1"})

    assert "The law wants a sender name and a postal address" in text(answer)
    assert OutreachPlan.objects.get().status == Status.DRAFT


def test_stop_stops_what_waits_and_going_on_lets_it_go(maya, program, now):
    plan = OutreachPlanFactory(program=program)
    AskFactory(plan=plan)
    plan_due(now=now)

    maya.post(step(plan, "stop"), {"_do": "1"})
    deliver_due(now=now)
    held = Message.objects.get()

    assert (held.status, held.reason) == ("queued", "The plan is paused; this waits.")
    assert OutreachPlan.objects.get().status == Status.PAUSED


def test_the_page_of_a_plan_shows_what_came_of_it(maya, program):
    plan = OutreachPlanFactory(program=program)
    named = AskFactory(plan=plan, started_at=NOW, clicked_at=NOW, ended_at=NOW, end_reason="referred")
    for ask, status in ((named, "sent"), (AskFactory(plan=plan, started_at=NOW), "kept")):
        MessageFactory(ask=ask, purpose="ask", status=status, sent_at=NOW)
    # It was written to, but nothing has left yet.
    MessageFactory(ask=AskFactory(plan=plan, started_at=NOW), purpose="ask")

    shown = text(maya.get(page(plan)))

    assert "<td>Recommended somebody</td><td>1</td><td>50 %</td>" in shown
    assert "<li>Asked so far: 2 people; 1 (50 %) recommended somebody.</li>" in shown
    assert "Asks people 14 days after a deal is won." in shown


def test_the_list_counts_as_the_page_does_whoever_recommended_before_their_turn_was_not_asked(maya, program):
    plan = OutreachPlanFactory(program=program)
    for reason in (Ask.End.REFERRED, Ask.End.DONE):
        ask = AskFactory(plan=plan, started_at=NOW, ended_at=NOW, end_reason=reason)
        MessageFactory(ask=ask, purpose="ask", status="sent", sent_at=NOW)
    AskFactory(plan=plan, ended_at=NOW, end_reason=Ask.End.REFERRED)

    listed = text(maya.get("/admin/campaigns/outreachplan/"))

    assert "1 (50 %) recommended somebody" in listed


def test_where_no_mail_leaves_what_is_kept_here_counts_as_sent(maya, program):
    plan = OutreachPlanFactory(program=program)
    MessageFactory(ask=AskFactory(plan=plan, started_at=NOW), purpose="ask", status="kept")

    shown = text(maya.get(page(plan)))

    assert "<td>Reached by a message</td><td>1</td><td>100 %</td>" in shown
    assert (
        "<td>advocate: ask for a recommendation, e-mail</td><td>1</td><td>1</td><td>0</td><td>0</td>" in shown
    )


def test_the_page_of_a_plan_says_what_waits_to_be_sent_by_hand(maya, program):
    plan = OutreachPlanFactory(program=program)
    ask = AskFactory(plan=plan, started_at=NOW)
    MessageFactory(ask=ask, program=program, purpose="ask", status="by_hand", user=UserFactory())

    shown = text(maya.get(page(plan)))
    waiting = maya.get(f"/admin/campaigns/byhand/?ask__plan__id__exact={plan.pk}")

    assert "1 message waits for a colleague to send it by hand, since 4 March." in shown
    assert "Anna Rossi" in text(waiting)


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ({"trigger": "date"}, "Say on which day."),
        ({"trigger": "field"}, "Say which field."),
        ({"trigger": "deal_won", "about": "vip"}, "Nothing of this kind has a name. Leave this empty."),
        ({"audience": "friends"}, "Friends are put on a plan by a colleague."),
        ({"earliest_days": "200"}, "The latest day must come after the earliest."),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_with_a_sentence(maya, program, typed, refusal):
    usual = {
        "program": program.pk, "name": "P", "audience": "advocates", "trigger": "deal_won", "nth": 0,
        "earliest_days": 14, "latest_days": 180, "satisfied_from": 9, "sender": "program", "touches": 7,
        "stretch": 50, "rest_days": 365, "hold_out": 0, "steps-TOTAL_FORMS": 0, "steps-INITIAL_FORMS": 0,
    }  # fmt: skip

    answer = maya.post("/admin/campaigns/outreachplan/add/", usual | typed)

    assert refusal in text(answer)
    assert not OutreachPlan.objects.exists()


def test_a_round_is_stopped_by_hand(maya, program):
    ask = AskFactory(plan=OutreachPlanFactory(program=program), started_at=NOW)

    maya.post(reverse("admin:campaigns_ask_step", args=[ask.pk, "stop"]), {"_do": "1"})

    ask.refresh_from_db()
    assert ask.end_reason == "stopped"


def test_another_programs_plan_is_not_there(maya):
    foreign = OutreachPlanFactory()

    assert [maya.get(page(foreign, name)).status_code for name in ("change", "preview")] == [404, 404]
    assert maya.post(step(foreign, "stop"), {"_do": "1"}).status_code == 404


def test_opening_the_link_of_an_ask_counts_when_a_person_shows_and_not_before(client):
    place = EnrolmentFactory()
    ask = AskFactory(plan=OutreachPlanFactory(program=place.program), advocate=place.advocate, started_at=NOW)
    url = f"/a/{place.token}/"

    shown = client.get(url, {"ask": sign(ask.pk)})
    ask.refresh_from_db()
    assert f'data-visit="{sign(ask.pk)}"' in shown.content.decode()
    assert ask.clicked_at is None

    client.post(f"{url}seen/", {"visit": f"{ask.pk}:forged"})
    ask.refresh_from_db()
    assert ask.clicked_at is None
    answer = client.post(f"{url}seen/", {"visit": sign(ask.pk)})
    ask.refresh_from_db()

    assert (answer.status_code, ask.clicked_at is not None) == (204, True)
    assert client.post("/a/unknown/seen/", {"visit": "x"}).status_code == 404


def test_somebody_is_asked_by_hand_unless_they_said_no(maya, program):
    plan = OutreachPlanFactory(program=program, trigger=Trigger.BY_HAND)
    anna, bert = EnrolmentFactory(program=program).advocate, EnrolmentFactory(program=program).advocate
    Event.objects.record([Event(kind="ask.declined", advocate=bert, occurred_at=NOW)], now=NOW)

    def ask(who):
        url = reverse("admin:referrals_advocate_step", args=[who.pk, "ask"])
        return said(maya.post(url, {"_do": "1", "plan": plan.pk}, follow=True))

    assert (ask(anna)[0].level, Ask.objects.get().advocate) == ("success", anna)
    assert ask(bert)[0].text == f"1 was left as it is: {bert}: said no."
    assert ask(anna)[0].text == f"1 was left as it is: {anna}: in another round."


def step_form(plan, **typed):
    step = {
        "position": "1",
        "wait_days": "0",
        "kind": "message",
        "channel": "email",
        "purpose": "ask",
    } | typed
    return {
        "program": plan.program_id, "name": "P", "aim": plan.aim, "audience": plan.audience,
        "trigger": plan.trigger, "nth": 0, "earliest_days": 14, "latest_days": 180, "satisfied_from": 9,
        "sender": "program", "touches": 7, "stretch": 50, "rest_days": 365, "hold_out": 0,
        "steps-TOTAL_FORMS": 1, "steps-INITIAL_FORMS": 0,
        **{f"steps-0-{name}": value for name, value in step.items()},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("audience", "purpose", "refusal", "why"),
    [
        ("advocates", "nurture", "The plan asks for a recommendation: choose words that fit.",
         "Step 1 has words for friends who are not ready yet; the plan is for people who may recommend you."),
        ("friends", "ask", "The plan is for friends who are not ready yet: choose words for friends.",
         "Step 1 has words for people who may recommend you; the plan is for friends who are not ready yet."),
    ],
)  # fmt: skip
def test_words_for_others_are_not_offered_and_refused(maya, program, audience, purpose, refusal, why):
    plan = OutreachPlanFactory(
        program=program, audience=audience, trigger="by_hand", status="draft", first=None
    )
    offered = maya.get(page(plan))
    refused = maya.post(page(plan), step_form(plan, purpose=purpose))
    PlanStepFactory(plan=plan, purpose=purpose)

    assert f'<option value="{purpose}"' not in offered.text
    assert refusal in text(refused)
    assert why in text(maya.get(page(plan)))


def test_a_plan_for_everybody_says_so(maya, program):
    plan = OutreachPlanFactory(program=program, trigger=Trigger.MEMBER)

    assert "Asks everyone in the program, and whoever joins them." in text(maya.get(page(plan)))


def words_of(plan, number=1, **query):
    step = plan.steps.get(position=number)
    return reverse("admin:campaigns_outreachplan_words", args=[plan.pk, step.pk]), query


def test_a_step_names_its_words_and_they_are_read_as_a_real_person_would(maya, program):
    plan = OutreachPlanFactory(program=program, trigger="by_hand", status="draft", first=None)
    anna = EnrolmentFactory(program=program, advocate__name="Анна Росси", advocate__language="ru").advocate

    refused = maya.post(page(plan), step_form(plan, variant="third"))
    maya.post(page(plan), step_form(plan, variant="short"))

    url, query = words_of(plan, reader=anna.pk)
    shown = maya.get(url, query)
    assert "There are no such words for this." in text(refused)
    assert f'<a href="{url}">' in maya.get(page(plan)).text
    assert ("Здравствуйте, Анна" in shown.text, "А у кого из знакомых такая же задача?" in shown.text) == (
        True,
        True,
    )
    assert client_of(member_of(ProgramFactory())).get(url).status_code == 404


def test_the_words_that_a_step_names_are_sent(maya, program, now):
    plan = OutreachPlanFactory(program=program, first=None)
    PlanStepFactory(plan=plan, variant="short")
    AskFactory(plan=plan)

    plan_due(now=now)
    assert Message.objects.get().variant == "short"
    plan.steps.update(variant="gone")
    OutreachPlan.objects.update(status="draft")

    assert "Step 1 wants words called “gone”, which nobody has written." in text(maya.get(page(plan)))


def test_a_step_without_a_number_comes_after_the_last(maya, program):
    plan = OutreachPlanFactory(program=program, trigger="by_hand", status="draft", first=None)
    PlanStepFactory(plan=plan, position=4)
    kept = {"steps-0-id": plan.steps.get().pk, "steps-INITIAL_FORMS": 1, "steps-TOTAL_FORMS": 3}
    new = {
        f"steps-{n}-{name}": value
        for n in (1, 2)
        for name, value in {"position": "", "wait_days": 9 * n, "kind": "call", "channel": "email",
                            "purpose": "ask"}.items()
    }  # fmt: skip

    maya.post(page(plan), step_form(plan, position="4") | kept | new)

    assert list(plan.steps.values_list("position", "wait_days")) == [(4, 0), (5, 9), (6, 18)]


def test_a_plan_that_keeps_what_colleagues_write_shows_what_came_of_it_and_has_no_steps(program, maya):
    plan = OutreachPlanFactory(
        program=program, trigger="personal", first=None, name="Written personally: asks"
    )

    page = maya.get(f"/admin/campaigns/outreachplan/{plan.pk}/change/").text
    maya.post(f"/admin/campaigns/outreachplan/{plan.pk}/step/stop/", {"_do": "1"})
    maya.post(f"/admin/campaigns/outreachplan/{plan.pk}/step/start/", {"_do": "1"})

    assert "Keeps what colleagues write to people themselves, one by one." in page
    assert "What came of it" in page
    assert "Preview: who gets what" not in page
    assert "steps-TOTAL_FORMS" not in page
    assert "End for good" not in page
    plan.refresh_from_db()
    assert plan.is_live


def test_such_a_plan_is_chosen_for_nothing_else(program, maya):
    OutreachPlanFactory(program=program, trigger="personal", first=None, name="Written personally")
    advocate = EnrolmentFactory(program=program).advocate

    pages = [
        maya.get(f"/admin/referrals/advocate/{advocate.pk}/step/ask/").text,
        maya.get("/admin/campaigns/experiment/add/").text,
    ]

    assert not any("Written personally" in page for page in pages)
    assert "a colleague writes to them personally" not in maya.get("/admin/campaigns/outreachplan/add/").text
