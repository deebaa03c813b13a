"""Segments, whom to ask next, calls and the history of a person, through the back office."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.models import CallTask, Suppression
from campaigns.services.finder import best_of, explain, proposed
from referrals.models import Advocate, Candidate, Event, Finder, Membership, Pick, Segment
from referrals.services.conversion import record_conversion
from referrals.services.summary import renew_summaries
from tests.cast import client_of, member_of, said, superuser
from tests.factories import (
    NOW,
    AdvocateFactory,
    CallTaskFactory,
    EnrolmentFactory,
    MessageFactory,
    ProgramFactory,
    ReferralFactory,
    TagFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
ADD = "/admin/referrals/segment/add/"
ASK = "/admin/whom-to-ask/"


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def manager(program):
    return client_of(member_of(program))


def candidate(program, score=40, **more):
    anna = EnrolmentFactory(program=program, advocate=AdvocateFactory(phone="+390669821234", **more)).advocate
    Candidate.objects.create(program=program, advocate=anna, score=score)
    return anna


def typed(program, *rows, do="save", **more):
    posted = {
        "name": "Buyers",
        "program": program.pk,
        "match": "all",
        "row": [row[0] for row in rows],
        "_do": do,
    }
    for number, (_field, comparison, value) in enumerate(rows):
        posted |= {f"row-{number}-is": comparison, f"row-{number}-value": value}
    return posted | more


def test_a_condition_is_added_previewed_and_saved_and_nothing_typed_is_lost(program, manager):
    EnrolmentFactory(program=program, advocate__name="Carla Bianchi")
    added = manager.post(ADD, typed(program, ("purchases", "at_most", "3"), do="add", add="spent"))
    assert [row.condition.key for row in added.context["form"].rows] == ["purchases", "spent"]
    assert 'value="3"' in added.content.decode()

    preview = manager.post(ADD, typed(program, ("purchases", "at_most", "3"), do="preview"))
    assert (preview.context["size"], Segment.objects.count()) == (1, 0)
    assert "Carla Bianchi" in preview.content.decode()

    done = manager.post(ADD, typed(program, ("purchases", "at_most", "3")), follow=True)
    segment = Segment.objects.get()
    assert [row.text for row in said(done)] == ["“Buyers”: 1 person now."]
    assert (segment.conditions, segment.size) == ([{"field": "purchases", "is": "at_most", "value": 3}], 1)
    page = manager.get(reverse("admin:referrals_segment_change", args=[segment.pk])).content.decode()
    assert 'id="who" role="status"' in page
    assert "who bought at most 3 times." in page


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([("purchases", "at_least", "many")], "Write a whole number here."),
        ([("purchases", "at_least", "")], "Write a number here."),
        ([("spent", "at_least", "much")], "Write an amount and its currency, such as 500 EUR."),
        ([("kind", "is", "alien")], "alien"),
        ([("purchases", "at_least", "5"), ("purchases", "at_most", "3")], "Nobody can be this"),
    ],
)
def test_nonsense_is_refused_at_its_row(program, manager, rows, why):
    answer = manager.post(ADD, typed(program, *rows))

    errors = [str(row.errors) for row in answer.context["form"].rows]
    assert (why in errors[-1], Segment.objects.exists()) == (True, False)


def test_a_condition_is_removed(program, manager):
    rows = ("purchases", "at_least", "5"), ("engaged", "within", "30")

    page = manager.post(ADD, typed(program, *rows, do="remove-0"))

    assert [row.condition.key for row in page.context["form"].rows] == ["engaged"]


def test_a_segment_of_another_program_or_of_the_company_is_not_ours_to_change(program, manager):
    theirs = Segment.objects.create(name="Theirs", program=ProgramFactory())
    companys = Segment.objects.create(name="All")
    change = "admin:referrals_segment_change"

    assert manager.get(reverse(change, args=[theirs.pk])).status_code == 404
    assert manager.get(reverse(change, args=[companys.pk])).status_code == 200
    assert manager.post(reverse(change, args=[companys.pk]), typed(program)).status_code == 403
    assert manager.post(ADD, typed(theirs.program)).context["form"].head.errors["program"]


def test_each_person_stands_there_with_the_reasons_and_their_points(program, manager):
    anna = candidate(program, score=0)
    Candidate.objects.all().delete()
    at = timezone.now() - timedelta(days=1)
    Event.objects.record(
        [Event(kind="satisfaction", advocate=anna, occurred_at=at, data={"score": 10})], now=NOW
    )
    renew_summaries(now=timezone.now())
    page = manager.get(ASK)

    [line] = page.context["people"]
    assert (line["score"], [(str(w), p) for w, p in line["reasons"]]) == (40, [("gave 9 or 10 of 10", 40)])
    assert "Anna Rossi" in page.content.decode()


def test_ten_to_call_today_are_the_best_with_a_phone_and_points_enough_once(program, manager):
    for score in range(10, 24):
        candidate(program, score=score)
    candidate(program, score=99, email="gone@customer.example")
    Suppression.objects.create(
        key=Advocate.objects.known_as("gone@customer.example").get().email_key,
        reason="unsubscribed",
        created_at=NOW,
    )

    first = manager.post(ASK, {"program": program.pk}, follow=True)
    second = manager.post(ASK, {"program": program.pk}, follow=True)

    assert [row.text for row in said(first)] == ["9 calls are on the list."]
    assert [row.text for row in said(second)] == ["Nobody is left who has points enough and a phone number."]
    assert CallTask.objects.filter(origin="finder").count() == 9


def test_whom_to_ask_costs_the_same_for_however_many(program, manager, django_assert_max_num_queries):
    manager.get(ASK)
    counts = []
    for many in (1, 3):
        for _ in range(many):
            candidate(program)
        with django_assert_max_num_queries(16) as seen:
            assert manager.get(ASK).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_who_may_only_look_makes_no_calls_and_strangers_see_nothing(program, client):
    candidate(program)
    analyst = client_of(member_of(program, Membership.Role.ANALYST))

    assert analyst.get(ASK).status_code == 200
    assert analyst.post(ASK, {"program": program.pk}).status_code == 403
    assert client.get(ASK).status_code == 302
    other = client_of(member_of(ProgramFactory())).get(ASK, {"program": program.pk})
    assert other.context["people"] == []


def test_a_call_is_logged_in_two_clicks(program, manager):
    task = CallTaskFactory(program=program, advocate=EnrolmentFactory(program=program).advocate)
    page = reverse("admin:campaigns_calltask_change", args=[task.pk])
    assert manager.get(page).status_code == 200

    manager.post(page.replace("change", "step/not-now"), {"_do": "1", "note": "On holiday", "weeks": "1"})

    task.refresh_from_db()
    assert (task.outcome, task.note, CallTask.objects.open().count()) == ("not_now", "On holiday", 1)


def test_people_are_tagged_noted_and_picked_by_hand(program, manager):
    anna, vip = EnrolmentFactory(program=program).advocate, TagFactory(name="VIP")
    page = reverse("admin:referrals_advocate_change", args=[anna.pk])

    def step(name, **more):
        return manager.post(page.replace("change", f"step/{name}"), {"_do": "1"} | more, follow=True)

    step("put-tag", new_tag="vip")
    step("note", text="Met her at the fair")
    step("pick", program=program.pk)
    assert list(anna.tags.all()) == [vip]
    assert Pick.objects.get().advocate == anna
    shown = manager.get(page).content.decode()
    assert all(words in shown for words in ("Tags: VIP.", "Met her at the fair", "In the inner circle of"))

    step("take-tag", tag=vip.pk)
    step("drop", program=program.pk)
    assert not anna.tags.exists()
    assert not Pick.objects.exists()


def test_the_list_is_filtered_by_tag_and_segment(manager, program):
    anna = EnrolmentFactory(program=program, advocate__name="Anna").advocate
    EnrolmentFactory(program=program, advocate__name="Ben")
    tag = TagFactory()
    tag.people.add(anna, through_defaults={"added_at": NOW})
    rows = [{"field": "tag", "is": "is_not", "value": tag.pk}]
    segment = Segment.objects.create(name="S", program=program, conditions=rows)

    def names(**asked):
        return [
            row.name for row in manager.get("/admin/referrals/advocate/", asked).context["cl"].result_list
        ]

    assert names(tag=tag.pk) == ["Anna"]
    assert names(segment=segment.pk) == ["Ben"]


def test_everything_with_a_person_is_there_in_the_order_of_time_and_by_kind(program, manager):
    anna = EnrolmentFactory(program=program).advocate
    for kind in ("purchase", "engaged"):
        Event.objects.record([Event(kind=kind, advocate=anna, occurred_at=NOW)], now=NOW)
    theirs = Event(kind="result", advocate=anna, program=ProgramFactory(), occurred_at=NOW)
    Event.objects.record([theirs], now=NOW)
    page = reverse("admin:referrals_advocate_timeline", args=[anna.pk])

    assert len(manager.get(page).context["rows"]) == 2
    assert len(manager.get(page, {"kind": "engaged"}).context["rows"]) == 1
    assert manager.get(page, {"p": "9" * 20, "kind": "'"}).status_code == 200
    assert client_of(member_of(ProgramFactory())).get(page).status_code == 404


def test_a_persons_page_says_by_whom_they_came_and_whom_they_brought():
    referral = ReferralFactory(name="Ben Weber")
    record_conversion(referral, external_id="A1", amount=1, currency="EUR", now=NOW)
    referral.refresh_from_db()
    client, page = client_of(superuser()), "admin:referrals_advocate_change"

    assert "Came by <a" in client.get(reverse(page, args=[referral.became_id])).content.decode()
    assert "Brought <a" in client.get(reverse(page, args=[referral.enrolment.advocate_id])).content.decode()


def test_new_weights_are_kept_and_everyone_is_to_be_scored_anew(program, manager):
    done = manager.post("/admin/referrals/finder/add/", _weights(program), follow=True)

    assert Finder.objects.values_list("promoter", "scored_at").get() == (50, None)
    assert "Everyone is scored anew within five minutes." in [row.text for row in said(done)]


def _weights(program):
    fields = [f for f in Finder._meta.fields if f.name not in {"id", "program", "scored_at"}]
    return {f.name: f.default for f in fields} | {"program": program.pk, "promoter": 50}


def got(advocate, program, count):
    for _ in range(count):
        MessageFactory(advocate=advocate, program=program, purpose="progress", status="sent", sent_at=NOW)


def test_whose_contact_budget_is_used_up_loses_points_and_everyones_is_shown(program, manager):
    anna, bert = (EnrolmentFactory(program=program).advocate for _ in range(2))
    for one in (anna, bert):
        Event.objects.record([Event(kind="result", advocate=one, occurred_at=NOW)], now=NOW)
    got(anna, program, 6)
    got(bert, program, 5)

    renew_summaries(now=NOW)

    assert dict(Candidate.objects.values_list("advocate", "score")) == {bert.pk: 20}
    [proposal] = explain(Candidate.objects.select_related("advocate"), Finder(program=program), now=NOW)
    assert (proposal.budget_left, proposal.budget) == (1, 6)


def test_the_inner_circle_stands_first_on_the_first_page_however_few_points_they_have(program, manager):
    picked = candidate(program, 1)
    circle = Segment.objects.create(name="Circle", kind="inner_circle", program=program)
    circle.picks.create(advocate=picked, picked_by=UserFactory(), picked_at=NOW)
    others = [candidate(program, score) for score in (50, 40, 30)]

    found = proposed(program, None, now=NOW)

    pages = [[c.advocate for c in best_of(found, program, *page)] for page in ((0, 2), (2, 4), (4, 6))]
    assert pages == [[picked, others[0]], others[1:], []]


def test_a_person_is_changed_with_rows_a_choice_of_zones_and_a_number_as_dialled(manager, program):
    program.country = "GB"
    program.save()
    anna = EnrolmentFactory(
        program=program,
        advocate=AdvocateFactory(
            email="a@x.example", attributes={"plan": "gold", "seats": 5}, timezone="Europe/Rome"
        ),
    ).advocate
    url = reverse("admin:referrals_advocate_change", args=[anna.pk])
    html = manager.get(url).content.decode()
    assert '<input type="text" name="attributes-name" value="plan"' in html
    assert '<option value="Europe/Rome" selected>Rome</option>' in html

    typed = {
        "name": "Anna", "kind": "customer", "email": "a@x.example", "phone": "07700 900123",
        "timezone": "Europe/London", "attributes-name": ["", "seats", "city", ""],
        "attributes-value": ["gold", "5", "Rome", "lost"],
    }  # fmt: skip
    answer = manager.post(url, typed)

    assert answer.status_code == 302
    anna.refresh_from_db()
    assert anna.attributes == {"seats": 5, "city": "Rome"}
    assert (anna.phone, anna.timezone) == ("+447700900123", "Europe/London")
    manager.post(url, typed | {"country": "IT", "phone": "06 1234567"})
    anna.refresh_from_db()
    assert anna.phone == "+39061234567"
    page = manager.post(url, typed | {"attributes-name": ["x", "x", "", ""], "phone": "12"})
    assert "Two rows are called “x”." in page.content.decode()
