import pytest
from django.apps import apps
from django.contrib.auth.models import Group

from referrals.models import Membership, Program, Referral
from referrals.roles import TABLE, grants, programs_granting, sync_roles
from referrals.services.membership import regroup
from referrals.services.program import open_program
from rewards.models import Reward
from tests.cast import member_of, superuser
from tests.factories import MembershipFactory, ProgramFactory, UserFactory

pytestmark = pytest.mark.django_db
Role = Membership.Role


def permissions(role):
    return set(Group.objects.get(name=role).permissions.values_list("codename", flat=True))


def test_the_table_names_models_that_exist():
    assert [label for label in TABLE if not apps.get_model(label)] == []


@pytest.mark.parametrize(
    ("role", "verb", "model", "allowed"),
    [
        (Role.MANAGER, "change", "rewards.Reward", True),
        (Role.SALES, "change", "rewards.Reward", False),
        (Role.SALES, "change", "referrals.Referral", True),
        (Role.SALES, "change", "campaigns.MessageTemplate", False),
        (Role.SUPPORT, "change", "referrals.Advocate", True),
        (Role.SUPPORT, "change", "referrals.Referral", False),
        (Role.ANALYST, "view", "rewards.Reward", True),
        (Role.ANALYST, "change", "referrals.FollowUp", False),
        (Role.MANAGER, "change", "auth.User", False),
    ],
)
def test_a_role_allows_what_the_table_says(role, verb, model, allowed):
    assert grants(role, verb, apps.get_model(model)) is allowed


def test_an_analyst_changes_nothing_but_their_own_digest_and_alerts():
    sync_roles()

    assert {name for name in permissions("analyst") if not name.startswith("view_")} == {
        "add_digestsubscription", "change_digestsubscription", "delete_digestsubscription",
        "add_alertchoice", "change_alertchoice", "delete_alertchoice",
    }  # fmt: skip


def test_syncing_again_takes_back_what_was_added_by_hand():
    sync_roles()
    before = permissions("sales")
    Group.objects.get(name="sales").permissions.clear()

    sync_roles()

    assert permissions("sales") == before


def test_a_role_counts_in_its_own_program_only():
    mine, other = ProgramFactory(), ProgramFactory()
    user = member_of(mine, Role.MANAGER)
    MembershipFactory(user=user, program=other, role=Role.ANALYST)

    assert list(programs_granting(user, "change", Reward)) == [mine]
    assert set(programs_granting(user, "view", Reward)) == {mine, other}
    assert set(programs_granting(superuser(), "change", Referral)) == {mine, other}


def test_whoever_loses_the_last_role_of_a_kind_leaves_its_group():
    user = member_of(ProgramFactory(), Role.SALES)
    user.memberships.all().delete()

    regroup([user])

    assert list(user.groups.all()) == []


def test_a_new_program_has_the_usual_channels_and_its_maker_as_manager():
    sync_roles()
    program, maker = ProgramFactory(), UserFactory()

    open_program(program, by=maker)
    open_program(program, by=maker)

    assert list(program.channels.values_list("slug", flat=True)) == [
        "email", "sms", "whatsapp", "linkedin", "qr", "person",
    ]  # fmt: skip
    assert list(Program.objects.for_staff(maker)) == [program]
    assert [group.name for group in maker.groups.all()] == ["manager"]
