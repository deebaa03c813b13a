"""Whose rows, and who may do what with them: the cast before every door."""

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.urls import reverse

from campaigns.models import Message, MessageTemplate
from referrals.models import Membership, Referral
from rewards.models import Reward
from tests.cast import client_of, member_of, said, superuser
from tests.factories import (
    NOW,
    FollowUpFactory,
    IncentiveFactory,
    MembershipFactory,
    ProgramFactory,
    ReferralFactory,
    RewardFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
Role = Membership.Role


def page(row, name="change", *more):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk, *more])


@pytest.fixture
def rows():
    """One of each of what a program has, a message and a template among them."""
    call = FollowUpFactory()
    reward = RewardFactory(referral=call.referral)
    message = Message.objects.create(
        key="m", purpose="invitation", program=call.referral.program, language="en", due_at=NOW, created_at=NOW,
        subject="Hello", text="Hello", html="<p>Hello</p>",
    )  # fmt: skip
    template = MessageTemplate.objects.create(
        program=call.referral.program, purpose="invitation", body="Hello"
    )
    enrolment = call.referral.enrolment
    return [
        call, call.referral, reward, reward.rule, reward.rule.incentive, message, template, enrolment,
        enrolment.advocate, enrolment.program,
    ]  # fmt: skip


def test_a_manager_of_another_program_finds_nothing(rows):
    client = client_of(member_of(ProgramFactory()))

    assert {str(row): client.get(page(row)).status_code for row in rows} == {str(row): 404 for row in rows}
    assert client.get(page(rows[6], "history")).status_code == 404
    assert client.get(page(rows[5], "html")).status_code == 404


def test_a_manager_of_the_program_finds_everything(rows):
    client = client_of(member_of(rows[1].program))

    assert [client.get(page(row)).status_code for row in rows] == [200] * len(rows)


def test_lists_show_ones_own_rows_only(rows):
    client = client_of(member_of(ProgramFactory()))

    for row in rows:
        if row._meta.model_name not in {"program", "messagetemplate"}:
            listed = client.get(reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_changelist"))
            assert listed.context["cl"].result_count == 0, row._meta.label


def test_filters_name_no_foreign_program(rows):
    user = member_of(ProgramFactory(name="Mine"))
    MembershipFactory(user=user, program=ProgramFactory(name="Mine too"))
    html = client_of(user).get(reverse("admin:referrals_referral_changelist")).content.decode()

    assert "Mine too" in html
    assert rows[-1].name not in html


def test_choices_offer_no_foreign_program_and_refuse_one_that_is_sent_anyway():
    foreign, client = ProgramFactory(), client_of(member_of(ProgramFactory()))
    url = reverse("admin:rewards_incentive_add")
    form = client.get(url).context["adminform"].form

    response = client.post(url, {"program": foreign.pk, "name": "a gift", "kind": "thing", "value": "0"})

    assert foreign not in form.fields["program"].queryset
    assert "program" in response.context["adminform"].form.errors
    assert foreign.incentives.count() == 0


def test_autocomplete_finds_ones_own_advocates_only(rows):
    query = {"term": "Anna", "app_label": "referrals", "model_name": "referral", "field_name": "enrolment"}
    own = client_of(member_of(rows[1].program)).get("/admin/autocomplete/", query).json()
    foreign = client_of(member_of(ProgramFactory())).get("/admin/autocomplete/", query).json()

    assert [len(found["results"]) for found in (own, foreign)] == [1, 0]


@pytest.mark.parametrize(
    ("role", "expected"),
    [(Role.MANAGER, 200), (Role.SALES, 403), (Role.SUPPORT, 403), (Role.ANALYST, 403)],
)
def test_only_managers_decide_about_rewards(role, expected):
    reward = RewardFactory()
    client = client_of(member_of(reward.program, role))

    assert client.get(page(reward, "step", "approve")).status_code == expected


@pytest.mark.parametrize("role", [Role.SALES, Role.SUPPORT, Role.ANALYST])
def test_a_refused_step_moves_nothing(role):
    reward = RewardFactory()
    client = client_of(member_of(reward.program, role))

    response = client.post(page(reward, "step", "approve"), {"_do": "1"})

    assert (response.status_code, Reward.objects.get().status) == (403, "pending")


def test_a_foreign_step_does_not_exist():
    referral = ReferralFactory()
    client = client_of(member_of(ProgramFactory()))

    assert client.post(page(referral, "step", "lost"), {"_do": "1", "reason": "price"}).status_code == 404
    assert Referral.objects.get().status == "submitted"


def test_a_manager_here_who_is_an_analyst_there_moves_only_what_is_here():
    here, there = ReferralFactory(), ReferralFactory()
    user = member_of(here.program)
    MembershipFactory(user=user, program=there.program, role=Role.ANALYST)
    client = client_of(user)

    chosen = {"action": "contacted", "_selected_action": [here.pk, there.pk], "_do": "1", "note": ""}
    client.post(reverse("admin:referrals_referral_changelist"), chosen)

    assert [Referral.objects.get(pk=row.pk).status for row in (here, there)] == ["contacted", "submitted"]
    assert client.get(page(there, "step", "contacted")).status_code == 403


@pytest.mark.parametrize("role", [Role.SALES, Role.SUPPORT, Role.ANALYST])
def test_only_managers_write_templates(role):
    template = MessageTemplate.objects.create(program=ProgramFactory(), purpose="invitation", body="Hello")
    client = client_of(member_of(template.program, role))

    response = client.post(page(template), {"body": "Changed", "channel": "email", "language": "en"})

    assert response.status_code == 403
    assert MessageTemplate.objects.get(pk=template.pk).body == "Hello"


def test_an_analyst_can_change_nothing_anywhere(rows):
    user = member_of(rows[1].program, Role.ANALYST)
    client = client_of(user)
    request = client.get("/admin/").wsgi_request
    request.user = user

    for row in rows:
        admin_class = admin.site._registry[type(row)]
        assert client.get(page(row)).status_code == 200
        assert not admin_class.has_change_permission(request, row), row._meta.label
        assert [
            s.name for s in getattr(admin_class, "steps", ()) if admin_class.may_step(request, s, row)
        ] == []


class TestRoles:
    url = "/admin/referrals/membership/add/"

    def test_a_manager_gives_a_colleague_a_role_and_the_rights_come_with_it(self):
        program, sam = ProgramFactory(), UserFactory()
        client_of(member_of(program)).post(self.url, {"user": sam.pk, "program": program.pk, "role": "sales"})

        assert sam.memberships.get().role == "sales"
        assert LogEntry.objects.get().object_repr == f"{sam.username}: sales, {program}"
        assert [group.name for group in sam.groups.all()] == ["sales"]

    def test_a_manager_gives_no_role_in_a_program_that_is_not_theirs(self):
        program, sam = ProgramFactory(), UserFactory()
        manager = member_of(ProgramFactory())
        MembershipFactory(user=manager, program=program, role=Role.ANALYST)

        client_of(manager).post(self.url, {"user": sam.pk, "program": program.pk, "role": "manager"})

        assert sam.memberships.count() == 0

    def test_nobody_gives_themselves_a_role(self):
        manager = member_of(ProgramFactory())
        program = ProgramFactory()
        MembershipFactory(user=manager, program=program, role=Role.ANALYST)
        own = manager.memberships.get(program=program)
        client = client_of(manager)

        client.post(self.url, {"user": manager.pk, "program": program.pk, "role": "manager"})
        changed = client.post(page(own), {"role": "manager"})

        assert changed.status_code == 403
        assert manager.memberships.get(program=program).role == "analyst"

    @pytest.mark.parametrize("role", [Role.SALES, Role.SUPPORT, Role.ANALYST])
    def test_others_give_no_roles(self, role):
        program, sam = ProgramFactory(), UserFactory()
        client = client_of(member_of(program, role))

        assert (
            client.post(self.url, {"user": sam.pk, "program": program.pk, "role": "sales"}).status_code == 403
        )
        assert sam.memberships.count() == 0

    def test_taking_the_role_away_takes_the_rights_along(self):
        program = ProgramFactory()
        sam = member_of(program, Role.SALES)
        client_of(member_of(program)).post(page(sam.memberships.get(), "delete"), {"post": "yes"})

        assert list(sam.groups.all()) == []


class TestAccounts:
    def test_only_superusers_see_accounts(self):
        user = member_of(ProgramFactory())

        assert client_of(user).get(page(user)).status_code == 403
        assert client_of(user).get("/admin/auth/user/").status_code == 403
        assert client_of(superuser()).get(page(user)).status_code == 200

    def test_rights_given_by_hand_do_not_open_accounts(self):
        user = member_of(ProgramFactory())
        group = Group.objects.get(name="manager")
        group.permissions.add(*group.permissions.model.objects.filter(codename__endswith="_user"))

        assert client_of(user).get("/admin/auth/user/").status_code == 403

    def test_a_new_colleague_can_sign_in_by_a_proved_address(self):
        words = "correct horse battery"
        response = client_of(superuser()).post(
            "/admin/auth/user/add/",
            {"username": "sam", "email": "sam@acme.example", "usable_password": "true", "password1": words,
             "password2": words},
        )  # fmt: skip

        assert response.status_code == 302
        sam = UserFactory._meta.model.objects.get(username="sam")
        assert (sam.is_staff, sam.is_superuser) == (True, False)
        assert [(a.email, a.verified, a.primary) for a in sam.emailaddress_set.all()] == [
            ("sam@acme.example", True, True)
        ]


def test_background_work_is_for_superusers():
    manager = client_of(member_of(ProgramFactory())).get("/admin/").content.decode()
    boss = client_of(superuser()).get("/admin/").content.decode()

    assert "/admin/django_q/schedule/" in boss
    assert "/admin/django_q/" not in manager


def test_a_step_needs_the_csrf_token():
    referral = ReferralFactory()
    client = client_of(superuser())
    client.handler.enforce_csrf_checks = True

    assert client.post(page(referral, "step", "contacted"), {"_do": "1"}).status_code == 403
    assert Referral.objects.get().status == "submitted"


def test_nothing_moves_on_get(rows):
    client = client_of(superuser())
    for row in rows:
        for step in getattr(admin.site._registry[type(row)], "steps", ()):
            client.get(page(row, "step", step.name), {"_do": "1"})

    assert [Referral.objects.get().status, Reward.objects.get().status, Message.objects.get().status] == [
        "submitted", "pending", "queued",
    ]  # fmt: skip
    assert rows[0].referral.follow_ups.get().done_at is None


def test_an_incentive_of_another_program_cannot_be_promised():
    program, foreign = ProgramFactory(), IncentiveFactory()
    response = client_of(member_of(program)).post(
        "/admin/rewards/rewardrule/add/",
        {"program": program.pk, "when": "conversion.recorded", "side": "advocate", "incentive": foreign.pk,
         "minimum": "0", "hold_days": "14"},
    )  # fmt: skip

    assert "incentive" in response.context["adminform"].form.errors
    assert said(response) == []
