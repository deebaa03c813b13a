"""Who works in the back office: someone who owns, someone who may, someone who must see nothing."""

from typing import NamedTuple

from django.contrib.auth.models import User
from django.test import Client

from referrals.models import Membership, Program
from referrals.roles import sync_roles
from referrals.services.membership import regroup
from tests.factories import MembershipFactory, UserFactory


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def member_of(program: Program, role: str = Membership.Role.MANAGER) -> User:
    """A staff member with this role in the program, with the rights that go with it."""
    sync_roles()
    user = UserFactory()
    MembershipFactory(user=user, program=program, role=role)
    regroup([user])
    return user


def superuser() -> User:
    return UserFactory(is_superuser=True)


class Said(NamedTuple):
    """What the page said after a step."""

    level: str
    text: str


def said(response) -> list[Said]:
    return [Said(m.level_tag, str(m)) for m in response.context["messages"]]
