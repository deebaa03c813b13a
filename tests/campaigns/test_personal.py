"""One message that somebody of ours writes to one person: the same rules, one round, and once."""

from datetime import timedelta

import pytest

from campaigns.models import Ask, ContactPreference, Message, OutreachPlan, Purpose, Suppression
from campaigns.services.by_hand import mark_sent
from campaigns.services.delivery import deliver_due
from campaigns.services.draft import Draft, begin, known_values, look
from campaigns.services.handling import hold_back
from campaigns.services.personal import foresee, words_for, write
from campaigns.services.planner import plan_due
from referrals.models import Advocate, Enrolment, Event
from referrals.services.referral import Friend, submit_referrals
from referrals.transitions import Refused
from tests.factories import (
    AdvocateFactory,
    AskFactory,
    EnrolmentFactory,
    EventFactory,
    MessageFactory,
    OutreachPlanFactory,
    ReviewPlaceFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
WORDS = {"subject": "Anna, a question", "body": "Dear Anna,\n\nwhom do you know?\n{{ link }}\n\nTom"}


@pytest.fixture
def place() -> Enrolment:
    return EnrolmentFactory(program__sender_name="Acme", advocate__phone="+393331234567")


@pytest.fixture
def tom():
    return UserFactory(first_name="Tom", last_name="Brennan")


@pytest.fixture
def draft(place, tom) -> Draft:
    return Draft(place=place, by=tom, purpose=Purpose.ASK, key="personal:1", **WORDS)


def change(draft: Draft, **more) -> Draft:
    return Draft(**{name: getattr(draft, name) for name in draft.__dataclass_fields__} | more)


def refusal(draft: Draft, now) -> str:
    with pytest.raises(Refused) as refused:
        write(draft, now=now)
    return str(refused.value)


def test_one_begins_with_words_of_the_bank_for_this_kind_and_language_as_they_would_be_read(place, tom):
    place.advocate.kind, place.advocate.language = Advocate.Kind.LEADER, "it"

    subject, body = begin(Draft(place=place, by=tom, purpose=Purpose.ASK))

    assert subject == "Chi vorresti vedere aiutato?"
    assert body.startswith("Ciao Anna,\n\ngrazie per quello che fai per il nostro settore.")
    assert "Ho in mente un nome: {{ link }}\n" in body
    assert body.endswith("Un caro saluto,\nTom Brennan")


def test_what_was_written_leaves_with_the_persons_own_link_and_is_on_record(draft, tom, now):
    message = write(draft, now=now)
    deliver_due(now=now)

    message.refresh_from_db()
    ask = Ask.objects.get()
    assert (message.status, message.user, message.ask) == ("sent", tom, ask)
    assert f"/a/{draft.place.token}/?ask={ask.pk}:" in message.text
    assert message.text.startswith("Dear Anna,\n\nwhom do you know?\nhttp://localhost:8000/a/")
    assert (ask.asked_by, ask.plan.name) == (tom, "Written personally: asks")
    asked = Event.objects.get(kind=Event.Kind.ASKED)
    assert (asked.actor, asked.data["channel"]) == (tom, "email")


def test_the_same_draft_is_sent_once(draft, now):
    first, second = write(draft, now=now), write(draft, now=now)

    assert first == second
    assert Message.objects.count() == Ask.objects.count() == 1
    assert Event.objects.filter(kind=Event.Kind.ASKED).count() == 1


def test_it_takes_a_place_in_the_contact_budget_and_waits_where_that_is_used_up(draft, now):
    for days in (1, 2, 3, 4, 5, 6):
        MessageFactory(
            purpose=Purpose.PROGRESS, advocate=draft.place.advocate, status="sent", sent_at=now - days * DAY
        )

    outlook = foresee(draft, now=now)

    assert outlook.may
    assert "enough in one" in outlook.said
    assert outlook.budget.startswith("0 of ")


def test_at_night_it_says_when_it_leaves_by_the_clock_of_the_reader(draft, now):
    draft.place.advocate.timezone = "America/New_York"
    night = now.replace(hour=3)

    assert foresee(draft, now=night).said == (
        "It leaves on Wednesday 4 March at 08:00 (America/New_York). Until then: quiet hours where they are."
    )
    assert foresee(change(draft, by_hand=True), now=night).said.startswith("It waits on your list")
    write(draft, now=night)
    deliver_due(now=night)
    assert Message.objects.values_list("status", "held_for").get() == ("queued", "quiet")


def test_whoever_is_not_to_be_written_to_is_not_and_it_says_what_can_be_done(draft, now):
    Suppression.objects.create(key=draft.place.advocate.email_key, reason="bounced", created_at=now)

    assert refusal(draft, now) == (
        "It may not leave: address does not exist. Only they can take that back, on the page to which every mail of "
        "ours leads. If the address is wrong, correct it on their page."
    )
    assert not Message.objects.exists()
    assert not OutreachPlan.objects.exists()


def test_what_they_chose_counts_a_pause_too(draft, now):
    chosen = ContactPreference.objects.create(
        advocate=draft.place.advocate, paused_until=now + 30 * DAY, changed_at=now
    )
    assert "asked for a pause" in refusal(draft, now)

    chosen.refused, chosen.paused_until = ["asks"], None
    chosen.save()
    assert "they do not want this kind of message" in refusal(draft, now)
    assert foresee(change(draft, purpose=Purpose.PERSONAL_THANKS), now=now).may


def test_whoever_lacks_an_address_or_a_phone_is_written_to_by_the_other(draft, now):
    Advocate.objects.filter(pk=draft.place.advocate_id).update(email="", email_key="")
    draft.place.advocate.refresh_from_db()

    assert "There is no address to write to" in refusal(draft, now)
    message = write(change(draft, channel="sms", subject=""), now=now)

    assert message.to_address == "+393331234567"
    assert words_for(draft.place)[0] == ("ask", "sms", "")
    plan_due(now=now + 31 * DAY)
    assert Ask.objects.get().ended_at is None  # it waits in the outbox still


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        (Event.Kind.ASK_DECLINED, {}, "said no"),
        (Event.Kind.SATISFACTION, {"score": 5}, "not satisfied enough"),
        (Event.Kind.DEAL_WON, {}, "signed less than a day ago"),
    ],
)
def test_the_rules_of_asking_by_hand_hold_and_a_thank_you_is_left(draft, now, kind, data, said):
    EventFactory(kind=kind, advocate=draft.place.advocate, data=data, occurred_at=now - timedelta(hours=1))

    assert said in refusal(draft, now)
    assert write(change(draft, purpose=Purpose.PERSONAL_THANKS), now=now).ask is None


def test_nobody_is_asked_beside_a_round_of_a_plan_or_in_the_rest_after_it(draft, now):
    plan = OutreachPlanFactory(program=draft.place.program)
    ask = AskFactory(plan=plan, advocate=draft.place.advocate, started_at=now - DAY)
    assert "in another round" in refusal(draft, now)

    Ask.objects.filter(pk=ask.pk).update(ended_at=now, end_reason="done")
    assert "asked not long ago" in refusal(draft, now)


def test_whoever_a_plan_begins_to_ask_at_that_moment_is_not_asked_and_the_writer_told(
    draft, now, monkeypatch
):
    foreseen = foresee(draft, now=now)
    monkeypatch.setattr("campaigns.services.personal.foresee", lambda _draft, now: foreseen)
    AskFactory(advocate=draft.place.advocate, plan__program=draft.place.program, started_at=now)

    with pytest.raises(Refused):
        write(draft, now=now)

    assert not Message.objects.exists()


def test_a_plan_asks_nobody_in_the_rest_after_a_personal_ask(draft, now):
    write(draft, now=now)
    deliver_due(now=now)
    plan_due(now=now + 31 * DAY)

    ask = Ask.objects.get()
    assert ask.end_reason == "done"
    assert "asked not long ago" in refusal(change(draft, key="personal:2"), now + 32 * DAY)


def test_a_personal_ask_is_followed_up_in_its_own_round_once_it_has_left(draft, now):
    follow_up = change(draft, purpose=Purpose.ASK_FOLLOW_UP, key="personal:2")
    assert "Nobody has asked them personally lately" in refusal(follow_up, now)
    write(draft, now=now)
    assert "has not left yet" in refusal(follow_up, now)
    deliver_due(now=now)

    assert words_for(draft.place)[0][0] == Purpose.ASK_FOLLOW_UP
    assert "their answer is still awaited" in refusal(change(draft, key="personal:3"), now)
    write(follow_up, now=now + 14 * DAY)

    assert Ask.objects.get().touches == 2
    assert Message.objects.filter(ask__isnull=False).count() == 2


def test_what_was_held_back_may_be_written_anew_in_the_same_round(draft, tom, now):
    write(draft, now=now)
    hold_back(Message.objects.all(), now=now, by=tom)

    message = write(change(draft, key="personal:2"), now=now)

    assert message.ask == Ask.objects.get()
    assert list(Message.objects.order_by("key").values_list("status", flat=True)) == ["withheld", "queued"]


def test_what_its_writer_never_sent_comes_off_the_list_and_the_round_ends(draft, now):
    write(change(draft, by_hand=True), now=now)

    plan_due(now=now + 31 * DAY)

    assert Ask.objects.get().end_reason == "not_sent"
    assert Message.objects.get().status == "withheld"


def test_a_recommendation_ends_it_and_takes_back_what_waits(draft, now):
    write(draft, now=now)

    submit_referrals(draft.place, [Friend("Ben", "ben@friend.example")], agreement="Yes.", now=now)

    assert Ask.objects.get().end_reason == "referred"
    assert Message.objects.get(purpose=Purpose.ASK).status == "withheld"


def test_a_program_may_stop_what_is_written_personally(draft, now):
    write(draft, now=now)
    OutreachPlan.objects.update(status="paused")

    deliver_due(now=now)

    assert Message.objects.get().reason == "The plan is paused; this waits."
    assert "“Written personally: asks” is stopped." in refusal(change(draft, key="personal:2"), now)


def test_one_may_take_it_into_ones_own_mail_program(draft, tom, now):
    message = write(change(draft, by_hand=True), now=now)

    message.refresh_from_db()
    assert (message.status, message.user, message.subject) == ("by_hand", tom, "Anna, a question")
    assert message.text.startswith("Dear Anna,\n\nwhom do you know?\nhttp://localhost:8000/a/")
    mark_sent(Message.objects.all(), now=now, by=tom)
    message.refresh_from_db()
    assert (message.status, message.text.count("unsubscribe")) == ("sent", 0)


def test_a_review_is_asked_for_where_there_is_a_place_for_it_and_has_a_rest_of_its_own(draft, now):
    assert Purpose.REVIEW_REQUEST not in {row[0] for row in words_for(draft.place)}
    ReviewPlaceFactory(program=draft.place.program, name="Google")
    review = change(draft, purpose=Purpose.REVIEW_REQUEST)

    assert known_values(review)["place"] == "Google"
    message = write(review, now=now)

    assert (message.ask.plan.aim, message.context["link"].count("/review/")) == ("review", 1)
    assert not Event.objects.filter(kind=Event.Kind.ASKED).exists()


def test_whoever_is_in_no_program_yet_gets_a_place_with_the_message_and_not_before(draft, now):
    anna = AdvocateFactory(name="Carla")
    fresh = change(draft, place=Enrolment(program=draft.place.program, advocate=anna))

    assert foresee(fresh, now=now).may
    assert not anna.enrolments.exists()
    message = write(fresh, now=now)

    assert f"/a/{anna.enrolments.get().token}/" in message.context["link"]


def test_a_text_that_is_too_long_is_refused_before_it_leaves(draft, now):
    long = change(draft, channel="sms", subject="", body="Dear Anna! " * 60)

    assert refusal(long, now).startswith("It would travel in ")
    assert not Message.objects.exists()
    assert not Ask.objects.exists()


def test_what_one_looks_at_is_what_leaves(draft, now):
    shown = look(draft)
    message = write(draft, now=now)
    deliver_due(now=now)
    message.refresh_from_db()

    assert shown.text.splitlines()[:3] == message.text.splitlines()[:3]


def test_looking_ahead_costs_the_same_however_much_there_is(draft, now, django_assert_max_num_queries):
    write(draft, now=now)
    MessageFactory.create_batch(
        5, purpose=Purpose.ASK, advocate=draft.place.advocate, status="sent", sent_at=now - DAY
    )

    with django_assert_max_num_queries(14):
        foresee(draft, now=now)
