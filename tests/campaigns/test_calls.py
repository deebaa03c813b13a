"""The queue and the page of a call: what to do now, and what came of it in two clicks."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Ask, MessageTemplate
from referrals.fit import reasons
from referrals.models import Absence, Conversion, Event, FollowUp
from tests.cast import client_of, member_of, said
from tests.factories import (
    AdvocateFactory,
    EnrolmentFactory,
    FollowUpFactory,
    OutreachPlanFactory,
    ProfileFactory,
    ProgramFactory,
    QuestionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
QUEUE = reverse("admin:calls")
# The fields that say who calls.
CALLERS = ("owner", "lead", "stand_in", "Caller.user")


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def tom(program):
    return member_of(program, "sales")


def call_for(program, owner=None, **more):
    return FollowUpFactory(referral__enrolment=EnrolmentFactory(program=program), owner=owner, **more)


def page(call):
    return reverse("admin:referrals_followup_change", args=[call.pk])


def log(call, name, user, /, **typed):
    url = reverse("admin:referrals_followup_step", args=[call.pk, name])
    return client_of(user).post(url, {"_do": "1", "note": "", **typed}, follow=True)


class TestMyCalls:
    def test_mine_and_nobodys_are_there_and_a_colleagues_on_request(self, program, tom):
        now = timezone.now()
        mine, nobodys = call_for(program, tom, due_at=now), call_for(program, due_at=now - timedelta(days=1))
        colleagues = call_for(program, UserFactory(), due_at=now)
        call_for(ProgramFactory())

        def shown(query):
            parts = client_of(tom).get(QUEUE, query).context["parts"]
            return [card.call for part in parts for card in part.cards]

        assert shown({}) == [nobodys, mine]
        assert set(shown({"whose": "all"})) == {mine, nobodys, colleagues}

    def test_late_today_and_later_are_apart(self, program, tom):
        now = timezone.now()
        for due_at in (now - timedelta(days=1), now + timedelta(days=3)):
            call_for(program, tom, due_at=due_at)

        parts = client_of(tom).get(QUEUE).context["parts"]

        assert [(part.title, part.total) for part in parts] == [("Late", 1), ("Later", 1)]

    def test_who_has_done_everything_reads_so(self, tom):
        assert "Nobody waits for a call from you." in client_of(tom).get(QUEUE).text

    @pytest.mark.parametrize("role", ["sales", "support"])
    def test_it_asks_as_often_with_three_as_with_one(self, program, role, django_assert_num_queries):
        client = client_of(member_of(program, role))
        client.get(QUEUE)
        for count in (1, 2):
            for _ in range(count):
                call_for(program)
            with django_assert_num_queries(8):
                client.get(QUEUE)

    def test_an_analyst_and_a_stranger_stay_outside(self, program):
        assert client_of(member_of(program, "analyst")).get(QUEUE).status_code == 403
        assert Client().get(QUEUE).status_code == 302


def test_whoever_cannot_call_is_offered_nowhere_and_whoever_stands_there_is_kept(program, tom):
    maya, ada = member_of(program), member_of(program, "analyst")
    place = EnrolmentFactory(program=program)
    away = Absence.objects.create(user=tom, first_day="2026-03-02", last_day="2026-03-03")
    member_of(ProgramFactory(), "sales")

    def offered(name, row):
        form = client_of(maya).get(reverse(f"admin:referrals_{name}_change", args=[row.pk]))
        found = dict(form.context["adminform"].form.fields)
        for inline in form.context["inline_admin_formsets"]:
            found |= {
                f"{inline.opts.model.__name__}.{k}": v for k, v in inline.formset.empty_form.fields.items()
            }
        return {name: set(field.queryset) for name, field in found.items() if name in CALLERS}

    assert offered("program", program) == {
        "lead": {tom, maya},
        "owner": {tom, maya},
        "Caller.user": {tom, maya},
    }
    assert offered("advocate", place.advocate) == {"owner": {tom, maya}}
    assert offered("absence", away) == {"stand_in": {tom, maya}}

    type(program).objects.filter(pk=program.pk).update(lead=ada)
    assert offered("program", program)["lead"] == {tom, maya, ada}


class TestTheCall:
    def test_it_has_number_reasons_words_and_times(self, program, tom):
        profile = ProfileFactory(program=program, criteria="They own a house")
        QuestionFactory(profile=profile, text="Do they own a house?")
        call = call_for(
            program, tom, referral__phone="+390698765432", referral__relation="sister",
            referral__answers=[{"question": "Do they own a house?", "answer": "yes"}],
        )  # fmt: skip
        MessageTemplate.objects.create(
            program=program, purpose="sales_script", channel="call",
            body="## Open\n\n“Hello {{ friend_first_name }}, {{ advocate_first_name }} sends me.”",
        )  # fmt: skip

        response = client_of(tom).get(page(call))

        for words in (
            'href="tel:+390698765432"',
            "(sister)",
            "“Hello Ben, Anna sends me.”",
            "They own a house",
        ):
            assert words in response.text
        assert [reason.tone for reason in response.context["reasons"]] == ["good"]
        assert len(response.context["times"]) >= 2

    def test_not_reached_is_called_again_at_the_time_that_was_tapped(self, program, tom):
        call = call_for(program, tom)
        at, words = client_of(tom).get(page(call)).context["times"][0]

        response = log(call, "no-answer", tom, again=at.isoformat())

        next_call = f"The next call is due {words}: {tom.username}."
        assert said(response) == [("success", f"Not reached: Ben Weber. {next_call}")]
        assert response.redirect_chain[-1][0] == QUEUE
        assert FollowUp.objects.open().get().due_at == at

    def test_a_time_that_was_typed_is_on_the_clock_of_the_office(self, tom, program):
        program.timezone = "Europe/Rome"
        program.save()
        day = timezone.now() + timedelta(days=10)

        log(call_for(program, tom), "not-ready", tom, again=f"{day:%Y-%m-%d}T09:30")

        due = FollowUp.objects.open().get().due_at
        assert program.local(due).replace(tzinfo=None) == datetime(day.year, day.month, day.day, 9, 30)  # noqa: DTZ001

    @pytest.mark.parametrize(
        ("again", "sentence"),
        [
            ("2020-01-01T10:00", "Choose a time from now on, within a year."),
            ("", "Say until when."),
            ("x", None),
        ],
    )
    def test_a_time_that_makes_no_sense_is_refused(self, program, tom, again, sentence):
        call = call_for(program, tom)

        response = log(call, "snooze", tom, again=again)

        errors = response.context["form"].errors["again"]
        assert errors == [sentence] if sentence else errors
        assert FollowUp.objects.get().due_at == call.due_at

    def test_what_was_done_is_said_in_the_past_and_with_what_comes_next(self, program, tom):
        call, day = call_for(program, tom), program.local(timezone.now() + timedelta(days=30))
        colleague = member_of(program, "support")

        put_off = said(log(call, "snooze", tom, again=f"{day:%Y-%m-%d}T09:30"))
        handed = said(log(call, "hand-over", tom, owner=colleague.pk))
        history = client_of(tom).get(page(call)).context["panels"][0].rows
        over = said(log(call, "not-interested", tom))

        when = f"{day.day} {day:%b}, 09:30"
        assert put_off[0].text == f"Put off: Ben Weber. The next call is due {when}: {tom.username}."
        assert handed[0].text == f"Handed over: Ben Weber. The next call is due {when}: {colleague.username}."
        assert over[0].text == "Not interested: Ben Weber. No call is planned."
        assert f"Call put off until {when}" in {row[1] for row in history}

    def test_the_second_of_two_reads_who_was_first(self, program, tom):
        call = call_for(program, tom)
        tom.first_name, tom.last_name = "Tom", "Brennan"
        tom.save()
        log(call, "qualified", tom)

        response = log(call, "no-answer", member_of(program, "support"))

        assert response.context["form"].non_field_errors() == [
            "Tom Brennan has logged this call already: good fit, going on. Nothing was changed; "
            "open the referral to go on."
        ]

    def test_sold_asks_for_the_amount_and_counts_once(self, program, tom):
        call = call_for(program, tom)

        log(call, "sold", tom, amount="1290.50", order="A-1", sold_on="")

        assert (Conversion.objects.get().amount, FollowUp.objects.get().outcome) == (129050, "sold")

    def test_taking_over_makes_it_mine(self, program, tom):
        call = call_for(program, UserFactory())

        response = log(call, "take-over", tom)

        assert FollowUp.objects.get().owner == tom
        assert response.redirect_chain[-1][0] == page(call)

    def test_a_note_stands_in_the_history(self, program, tom):
        call = call_for(program, tom)

        log(call, "note", tom, note="Prefers mornings")

        assert Event.objects.get(kind="referral.noted").data == {"note": "Prefers mornings"}
        assert "Prefers mornings" in client_of(tom).get(page(call)).text

    def test_a_mistyped_number_is_put_right_from_the_call(self, program, tom):
        call = call_for(program, tom)

        log(call, "correct", tom, name="Ben Webber", email="", phone="+39 06 98765432", company="")

        call.referral.refresh_from_db()
        assert (call.referral.name, call.referral.phone) == ("Ben Webber", "+390698765432")

    def test_a_friend_who_is_not_ready_is_put_on_a_nurture_plan_if_they_said_yes(self, program, tom):
        plan = OutreachPlanFactory(program=program, audience="friends")
        foreign = OutreachPlanFactory(audience="friends")
        yes = call_for(program, tom, referral__accepted_at=timezone.now())
        silent = call_for(program, tom)
        again = f"{timezone.now() + timedelta(days=30):%Y-%m-%d}T10:00"

        refused = log(yes, "not-ready", tom, again=again, plan=foreign.pk)
        log(yes, "not-ready", tom, again=again, plan=plan.pk)
        log(silent, "not-ready", tom, again=again, plan=plan.pk)

        assert list(refused.context["form"].errors) == ["plan"]
        assert Ask.objects.get().referral == yes.referral
        assert FollowUp.objects.open().count() == 2

    def test_where_no_plan_for_friends_is_live_the_form_says_so_with_a_link(self, program, tom):
        call = call_for(program, tom, referral__accepted_at=timezone.now())
        url = reverse("admin:referrals_followup_step", args=[call.pk, "not-ready"])

        shown = client_of(tom).get(url)
        log(call, "not-ready", tom, again=f"{timezone.now() + timedelta(days=30):%Y-%m-%d}T10:00")

        assert "no plan for friends who are not ready yet is live" in shown.text
        assert 'href="/admin/campaigns/outreachplan/"' in shown.text
        assert FollowUp.objects.open().count() == 1

    def test_why_nobody_can_write_to_a_friend_who_has_not_said_yes_stands_there(self, program, tom):
        call = call_for(program, tom)
        OutreachPlanFactory(program=program, audience="friends")

        shown = client_of(tom).get(reverse("admin:referrals_followup_step", args=[call.pk, "not-ready"]))

        assert "they have not said yes to it and left an address" in shown.text
        assert shown.context["title"] == "Not ready yet"

    @pytest.mark.parametrize(("role", "status"), [("support", 302), ("analyst", 403)])
    def test_support_logs_and_an_analyst_only_looks(self, program, role, status):
        call = call_for(program)
        client = client_of(member_of(program, role))
        url = reverse("admin:referrals_followup_step", args=[call.pk, "reached"])

        assert client.get(page(call)).status_code == 200
        assert client.post(url, {"_do": "1", "note": ""}).status_code == status

    def test_a_get_logs_nothing(self, program, tom):
        call = call_for(program, tom)

        client_of(tom).get(reverse("admin:referrals_followup_step", args=[call.pk, "reached"]))

        assert FollowUp.objects.open().count() == 1


def test_an_answer_is_judged_by_the_question_and_the_best_comes_first():
    profile = ProfileFactory()
    how_many = QuestionFactory(
        profile=profile, text="How many?", kind="choice", choices="1 = 0\n5 = 2\n10 = 4"
    )
    own = QuestionFactory(profile=profile, text="Own?")
    said = {"Gone?": "x", "How many?": "5", "Own?": "Sì"}
    answers = [{"question": question, "answer": answer} for question, answer in said.items()]

    assert [(reason.answer, reason.tone) for reason in reasons(answers, [how_many, own])] == [
        ("Sì", "good"), ("5", "warn"), ("x", "quiet"),
    ]  # fmt: skip


def test_what_comes_next_is_the_main_button_and_handing_over_never_is(program, tom):
    def main(row, name):
        page = client_of(tom).get(reverse(f"admin:referrals_{name}_change", args=[row.pk]))
        return [one["step"].name for one in page.context["steps"] if one["is_main"]]

    call = call_for(program, tom)
    place, alone = EnrolmentFactory(program=program), AdvocateFactory()
    ProgramFactory()

    assert main(call.referral, "referral") == ["contacted"]
    assert main(place.advocate, "advocate") != ["enrol"]
    assert main(alone, "advocate") == ["enrol"]
    nobodys = call_for(program)
    assert "step step-main" not in client_of(tom).get(page(call)).text
    assert client_of(tom).get(page(nobodys)).text.count("step step-main") == 1


def test_lists_of_a_script_are_lists(program, tom):
    call = call_for(program, tom)
    body = "## Open\n\nSay one of these:\n- “What did she tell you?”\n- “How is it now?”\n\nThank them."
    MessageTemplate.objects.create(program=program, purpose="sales_script", channel="call", body=body)

    text = client_of(tom).get(page(call)).text

    assert "<li>“What did she tell you?”</li><li>“How is it now?”</li></ul>" in text
    assert "- “What did" not in text
