from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Message, OutreachPlan
from campaigns.services import desk
from referrals.models import Claim, Event, Membership, Program, Referral
from referrals.services.handling import settle
from tests.cast import client_of, member_of, superuser
from tests.factories import (
    NOW,
    EnrolmentFactory,
    EventFactory,
    FollowUpFactory,
    OutreachPlanFactory,
    ProgramFactory,
    ReferralFactory,
    RewardFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def fill(program, count=1):
    """Of each thing that can wait for somebody, so many."""
    for n in range(count):
        late = FollowUpFactory(referral__enrolment__program=program, due_at=NOW - timedelta(hours=1))
        FollowUpFactory(referral__enrolment__program=program, due_at=NOW + timedelta(hours=1))
        ReferralFactory(enrolment__program=program, status="under_review")
        RewardFactory(referral=late.referral)
        RewardFactory(
            referral=ReferralFactory(enrolment__program=program, status="converted"), status="approved"
        )
        for status in ("failed", "unknown", "queued"):
            Message.objects.create(
                key=f"{program.pk}:{status}:{n}:{Message.objects.count()}", purpose="invitation", program=program,
                language="en", status=status, due_at=NOW, created_at=NOW,
            )  # fmt: skip


def needs(user):
    return [(need.number, need.words) for need in desk.look(user, now=NOW).needs]


def test_a_manager_reads_what_waits_for_them():
    program = ProgramFactory(owner=UserFactory())
    fill(program, 2)

    assert needs(member_of(program)) == [
        (2, "rewards to approve"),
        (2, "rewards to hand out"),
        (2, "calls overdue"),
        (2, "calls due today"),
        (2, "suspicious referrals under review"),
        (2, "messages given up"),
        (2, "messages that may not have arrived"),
    ]


def test_sales_read_nothing_of_rewards_and_strangers_nothing_at_all():
    program = ProgramFactory(owner=UserFactory())
    fill(program)

    assert needs(member_of(program, "sales"))[0] == (1, "call overdue")
    assert needs(member_of(ProgramFactory(owner=UserFactory()))) == []


def test_the_desk_costs_thirteen_queries_however_much_there_is(django_assert_num_queries):
    program = ProgramFactory()
    manager = member_of(program)
    for count in (1, 3):
        fill(program, count)
        fresh = type(manager).objects.get(pk=manager.pk)
        with django_assert_num_queries(13):
            desk.look(fresh, now=NOW)


def test_every_need_leads_to_as_many_rows_as_it_says():
    program = ProgramFactory()
    fill(program, 2)
    boss, now = superuser(), timezone.now()
    client = client_of(boss)

    shown = [need for need in desk.look(boss, now=now).needs if need.number]

    assert len(shown) == 6
    for need in shown:
        page = client.get(need.url).context
        if "parts" in page:
            [count] = [part.total for part in page["parts"] if part.name == need.url.split("#")[1]]
        else:
            count = page["cl"].result_count if "cl" in page else page["count"]
        assert count == need.number, need.words


def test_the_calls_are_ones_own_as_my_calls_shows_them_and_leads_read_of_the_team():
    program = ProgramFactory(owner=UserFactory())
    maya, tom = member_of(program), member_of(program, "sales")
    for owner in (tom, maya, maya, None):
        FollowUpFactory(referral__enrolment__program=program, owner=owner, due_at=NOW - timedelta(hours=1))

    assert needs(tom) == [(2, "calls overdue")]
    assert needs(maya) == [(3, "calls overdue"), (4, "calls overdue in the whole team")]
    assert [need.url for need in desk.look(maya, now=NOW).needs] == [
        "/admin/calls/#late", "/admin/calls/?whose=all#late",
    ]  # fmt: skip


def test_what_is_not_live_says_why():
    draft = ProgramFactory(name="Partners", status="draft", postal_address="")

    [need] = desk.look(member_of(draft), now=NOW).needs

    assert need.words == "Partners is not live: no postal address, no ideal customer, nobody who calls"
    assert need.url == reverse("admin:referrals_program_change", args=[draft.pk])


def test_the_day_ends_in_the_programs_own_zone():
    tokyo = ProgramFactory(timezone="Asia/Tokyo", owner=UserFactory())
    # Ten in London is seven in the evening in Tokyo: five hours are left of this day.
    for hours in (4, 6):
        FollowUpFactory(referral__enrolment__program=tokyo, due_at=NOW + timedelta(hours=hours))

    assert needs(member_of(tokyo)) == [(1, "call due today")]


def test_this_week_stands_beside_the_week_before_and_the_way_to_a_customer():
    program = ProgramFactory()
    for days in (1, 2, 8):
        EventFactory(
            kind=Event.Kind.REFERRAL_SUBMITTED, program=program, occurred_at=NOW - timedelta(days=days)
        )
    rows = [ReferralFactory(enrolment__program=program) for _ in range(4)]
    settle(Referral.objects.filter(pk=rows[0].pk), "qualified", now=NOW, by=None)
    ReferralFactory(enrolment__program=program, status="converted", submitted_at=NOW - timedelta(days=91))

    stages = desk.look(superuser(), now=NOW + timedelta(minutes=1)).stages

    assert [(s.label, s.this_week, s.last_week, s.reached, s.share) for s in stages] == [
        ("Named", 2, 1, 4, 100),
        ("Contacted", 0, 0, 1, 25),
        ("Qualified", 1, 0, 1, 25),
        ("Customers", 0, 0, 0, 0),
    ]


def test_a_new_installation_is_told_where_to_begin():
    page = client_of(superuser()).get("/admin/")

    assert [task.url for task in page.context["desk"].tasks] == [reverse("admin:referrals_program_add")]
    assert "Create the program" in page.content.decode()


def test_the_checklist_ends_when_a_program_is_live():
    draft = ProgramFactory(status="draft")
    before = desk.look(superuser(), now=NOW).tasks
    Program.objects.filter(pk=draft.pk).update(status="live")

    assert [task.done for task in before] == [True, False, False, True, False, False]
    assert desk.look(superuser(), now=NOW).tasks == []


def test_a_live_program_leads_on_to_people_and_a_plan_until_one_has_begun():
    program = ProgramFactory()
    maya = client_of(member_of(program))
    before = maya.get("/admin/")
    EnrolmentFactory(program=program)
    plan = OutreachPlanFactory(program=program, status="draft")

    assert [task.url for task in before.context["desk"].before_asking] == [
        "/admin/imports/?what=people", "/admin/imports/?what=purchase",
        "/admin/campaigns/outreachplan/starters/",
    ]  # fmt: skip
    assert "Bring your customers in" in before.text
    assert [t.done for t in maya.get("/admin/").context["desk"].before_asking] == [True, False, False]
    assert "Then ask" not in client_of(member_of(program, "sales")).get("/admin/").text
    type(plan).objects.update(status="live")
    assert "Then ask" not in maya.get("/admin/").text


def test_a_new_program_made_in_the_admin_has_its_channels_and_shows_what_it_does():
    boss = client_of(superuser())
    form = boss.get(reverse("admin:referrals_program_add")).context["adminform"].form
    typed = {name: form[name].value() for name in form.fields if form[name].value() is not None}

    boss.post(
        reverse("admin:referrals_program_add"),
        {
            **typed,
            "name": "Friends",
            "slug": "friends",
            "company": "Acme",
            "headline": "Recommend us",
            "about": "We do.",
        },
    )
    program = Program.objects.get()
    page = boss.get(reverse("admin:referrals_program_change", args=[program.pk]))

    assert program.channels.count() == 6
    assert [str(line) for line in page.context["summary"]][1:] == [
        "Nobody calls every new friend within 4 office hours (UTC).",
        "Nobody gets a reward: no rule is in force.",
    ]


def test_a_program_without_an_address_cannot_go_live():
    draft = ProgramFactory(status="draft", postal_address="")
    client = client_of(member_of(draft))
    url = reverse("admin:referrals_program_change", args=[draft.pk])
    page = client.get(url)
    typed = {}
    for form in (
        page.context["adminform"].form,
        *(f.formset.management_form for f in page.context["inline_admin_formsets"]),
    ):
        typed |= {
            form.add_prefix(name): form[name].value()
            for name in form.fields
            if form[name].value() is not None
        }

    response = client.post(url, typed | {"status": "live"})

    assert response.context["adminform"].form.non_field_errors() == [
        "A live program needs a sender name and a postal address: the law wants both in every mail."
    ]
    assert Program.objects.get().status == "draft"


def to_send(program, user, days):
    return Message.objects.create(
        key=f"by-hand:{user.pk}:{days}", purpose="ask", program=program, language="en", status="by_hand",
        user=user, due_at=NOW - timedelta(days=days), created_at=NOW,
    )  # fmt: skip


def test_what_waits_to_be_sent_by_hand_is_there_for_its_sender_and_late_for_the_manager():
    program = ProgramFactory(owner=UserFactory())
    vera = member_of(program, "sales")
    to_send(program, vera, 1)
    to_send(program, vera, 8)

    assert needs(vera) == [(2, "messages for you to send by hand")]
    assert needs(member_of(program)) == [(1, "message that a colleague has not sent by hand for a week")]


def test_a_plan_that_asks_people_is_stopped_from_the_desk():
    plan = OutreachPlanFactory(program=ProgramFactory(owner=UserFactory()), name="After a deal")
    OutreachPlanFactory(program=plan.program, status=OutreachPlan.Status.PAUSED)
    OutreachPlanFactory()
    maya = client_of(member_of(plan.program))

    [asking] = desk.look(member_of(plan.program), now=NOW).asking
    assert 'aria-label="STOP After a deal"' in maya.get("/admin/").content.decode()
    maya.post(asking.stop_url, {"_do": "1"})

    plan.refresh_from_db()
    assert (asking.name, plan.status) == ("After a deal", OutreachPlan.Status.PAUSED)
    assert desk.look(member_of(plan.program, "sales"), now=NOW).asking == []


def test_the_links_are_those_of_the_role_and_the_queue_is_the_superusers_alone():
    program = ProgramFactory()

    def links(user):
        groups = client_of(user).get("/admin/").context["app_list"]
        return {group["app_label"]: [model["object_name"] for model in group["models"]] for group in groups}

    boss, maya, tom = links(superuser()), links(member_of(program)), links(member_of(program, "sales"))

    assert set(boss["system"]) == {"Failure", "OrmQ", "Schedule", "Success"}
    assert "system" not in maya
    assert "RewardRule" in maya["rewards"]
    assert "RewardRule" not in tom["rewards"]
    assert sum(map(len, tom.values())) <= 30


@pytest.mark.parametrize("name", ["advocate", "referral"])
def test_a_page_is_called_by_what_it_shows(name):
    referral = ReferralFactory()
    row = referral if name == "referral" else referral.enrolment.advocate
    client = client_of(superuser())

    lists = client.get(reverse(f"admin:referrals_{name}_changelist")).text
    page = client.get(reverse(f"admin:referrals_{name}_change", args=[row.pk])).text

    assert f"<title>{name.capitalize()}s · Goodword</title>" in lists
    assert f"<title>{row} · Goodword</title>" in page


def test_nobody_reads_on_the_desk_of_what_they_cannot_decide():
    program = ProgramFactory()
    place = EnrolmentFactory(program=program)
    ReferralFactory(enrolment=place, status="under_review")
    Claim.objects.create(
        enrolment=place, program=program, name="Ben", happened_on=NOW.date(), words="x", made_at=NOW, status_at=NOW
    )  # fmt: skip

    seen = {
        role: [words for _number, words in needs(member_of(program, role))] for role in Membership.Role.values
    }

    review, claim = "suspicious referral under review", "claim to decide"
    assert seen == {"manager": [review, claim], "sales": [review], "support": [], "analyst": []}
