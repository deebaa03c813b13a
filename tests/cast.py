"""Who works in the back office: someone who owns, someone who may, someone who must see nothing."""

import json
import time
from typing import NamedTuple

from django.contrib.auth.models import Group, User
from django.test import Client

from referrals.models import Membership, Program
from referrals.roles import sync_roles
from referrals.services.membership import regroup
from tests.factories import ApiKeyFactory, MembershipFactory, ProgramFactory, UserFactory


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def fresh_client_of(user: User, *, ahead: int = 0) -> Client:
    """The same, having just shown once more that it is still them; ``ahead``, so many seconds from now, where a whole
    module shares the client: that holds for five minutes, and a slow machine takes longer."""
    client = client_of(user)
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time() + ahead, "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def member_of(program: Program, role: str = Membership.Role.MANAGER) -> User:
    """A staff member with this role in the program, with the rights that go with it."""
    if not Group.objects.filter(name=role).exists():
        # Tests with real transactions leave the database empty.
        sync_roles()
    user = UserFactory()
    MembershipFactory(user=user, program=program, role=role)
    regroup([user])
    return user


def superuser() -> User:
    return UserFactory(is_superuser=True)


class System:
    """Another system at the door of the API, with a key of its own."""

    def __init__(self, program=None, *scopes, **headers):
        more = {"scopes": list(scopes)} if scopes else {}
        self.key = ApiKeyFactory(program=program or ProgramFactory(), **more)
        self.program = self.key.program
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {self.key.text}"} | headers

    def get(self, path, **query):
        return self.client.get(f"/api/v1{path}", query, headers=self.headers)

    def post(self, path, body=None, **headers):
        return self.send("POST", path, json.dumps(body or {}), **headers)

    def patch(self, path, body=None, **headers):
        return self.send("PATCH", path, json.dumps(body or {}), **headers)

    def send(self, method, path, text, content_type="application/json", **headers):
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(method, f"/api/v1{path}", text, content_type, headers=sent)


class Said(NamedTuple):
    """What the page said after a step."""

    level: str
    text: str


def said(response) -> list[Said]:
    return [Said(m.level_tag, str(m)) for m in response.context["messages"]]
