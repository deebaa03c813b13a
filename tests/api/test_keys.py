"""Who may knock at the API at all."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from referrals.models import ApiKey, Membership
from tests.cast import System, client_of, fresh_client_of, member_of, said
from tests.factories import ApiKeyFactory, ProgramFactory

pytestmark = pytest.mark.django_db
ADD, LIST = "admin:referrals_apikey_add", "admin:referrals_apikey_changelist"


def make_key(user, program, **typed):
    fields = {
        "program": program.pk,
        "name": "Our shop",
        "scopes": ["conversions:write"],
        "calls_a_minute": 600,
    }
    return fresh_client_of(user).post(reverse(ADD), fields | typed)


def test_a_key_opens_the_door_and_shows_its_own_program():
    shop = System(ProgramFactory(name="Friends of Acme", slug="acme"))
    ProgramFactory()

    answer = shop.get("/programs")

    assert answer.status_code == 200
    assert [(row["slug"], row["name"], row["status"]) for row in answer.json()["data"]] == [
        ("acme", "Friends of Acme", "live")
    ]
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer gw_", "Bearer gw__", "Basic abc", "Bearer gw_ABCDEFGH_wrong",
     "Bearer gw_{prefix}_wrong", "Bearer {digest}", "Bearer gw_{prefix}_", "Bearer gw_é_\x80", "bearer x y z"],
)  # fmt: skip
def test_whoever_has_no_valid_key_is_turned_away_with_the_same_words(header):
    key = ApiKeyFactory()
    headers = {} if header is None else {"Authorization": header.format(prefix=key.prefix, digest=key.digest)}

    answer = Client().get("/api/v1/programs", headers=headers)

    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json() == {
        "type": "urn:goodword:problem:no-key",
        "title": "The key is missing or not valid",
        "status": 401,
        "detail": "Send a valid key in the header Authorization: Bearer gw_… A manager makes keys in the back office.",
        "errors": [],
    }


@pytest.mark.parametrize("field", ["revoked_at", "expires_at"])
def test_a_key_that_was_taken_back_or_is_over_opens_nothing(field):
    shop = System()
    ApiKey.objects.update(**{field: timezone.now()})

    assert shop.get("/programs").status_code == 401


def test_the_text_of_a_key_is_stored_nowhere():
    key = ApiKeyFactory()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM referrals_apikey")
        stored = str(cursor.fetchall())

    assert key.text.rpartition("_")[2] not in stored
    assert key.prefix in stored


def test_use_is_noted_once_a_minute_however_often_it_happens(django_assert_num_queries):
    shop = System()
    shop.get("/programs")
    used = ApiKey.objects.get().last_used_at

    # The key, its allowance, and what the program asks.
    with django_assert_num_queries(3):
        shop.get("/programs")
    assert ApiKey.objects.get().last_used_at == used
    ApiKey.objects.update(last_used_at=used - timedelta(minutes=2))
    shop.get("/programs")

    assert ApiKey.objects.get().last_used_at > used - timedelta(minutes=1)


def test_more_calls_than_a_key_has_are_told_when_to_come_back():
    shop = System()
    ApiKey.objects.update(calls_a_minute=2)

    answers = [shop.get("/programs") for _ in range(6)]

    # The minute may turn once meanwhile.
    late = answers[-1]
    assert (late.status_code, late["Content-Type"]) == (429, "application/problem+json")
    assert 1 <= int(late["Retry-After"]) <= 60
    assert System().get("/programs").status_code == 200


def test_a_flood_of_wrong_keys_is_slowed_down():
    answers = {Client().get("/api/v1/programs").status_code for _ in range(125)}

    assert answers == {401, 429}


def test_a_manager_makes_a_key_reads_it_once_and_can_use_it():
    program = ProgramFactory()
    manager = member_of(program)

    page = make_key(manager, program)

    key = ApiKey.objects.get()
    text = page.context["key"].text
    assert text in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert (key.program, key.scopes, key.created_by) == (program, ["conversions:write"], manager)
    assert Client().get("/api/v1/programs", headers={"Authorization": f"Bearer {text}"}).status_code == 200
    assert LogEntry.objects.get().object_repr == f"Our shop (gw_{key.prefix}_…)"
    listed = client_of(manager).get(reverse(LIST)).content.decode()
    assert f"gw_{key.prefix}_" in listed
    assert text not in listed


def test_the_page_of_a_new_key_loaded_again_makes_no_second_one():
    program = ProgramFactory()
    manager = member_of(program)
    make_key(manager, program)

    again = make_key(manager, program)

    assert again.context["errors"] == [["There is a key of this name already. Give this one another."]]
    assert ApiKey.objects.count() == 1


def test_a_key_that_may_do_nothing_or_is_over_already_is_not_made():
    program = ProgramFactory()
    manager = member_of(program)

    nothing = make_key(manager, program, scopes=[])
    over = make_key(manager, program, expires_at_0="2020-01-01", expires_at_1="10:00")
    unknown = make_key(manager, program, scopes=["everything"])

    assert [page.status_code for page in (nothing, over, unknown)] == [200, 200, 200]
    assert not ApiKey.objects.exists()


def test_only_a_manager_makes_keys_and_only_of_their_own_program():
    program, other = ProgramFactory(), ProgramFactory()

    for role in (Membership.Role.SALES, Membership.Role.SUPPORT, Membership.Role.ANALYST):
        assert make_key(member_of(program, role), program).status_code == 403
    make_key(member_of(other), program)

    assert not ApiKey.objects.exists()


def test_a_key_that_is_taken_back_stays_so_and_says_so():
    shop = System()
    client = client_of(member_of(shop.program))
    step = reverse("admin:referrals_apikey_step", args=[shop.key.pk, "revoke"])

    page = client.post(step, {"_do": "1"}, follow=True)
    again = client.get(step, follow=True)

    assert [s.level for s in said(page)] == ["success"]
    assert "taken back before" in said(again)[0].text
    assert shop.get("/programs").status_code == 401


def test_what_a_key_may_do_cannot_be_changed_afterwards():
    shop = System()
    change = reverse("admin:referrals_apikey_change", args=[shop.key.pk])

    assert client_of(member_of(shop.program)).post(change, {"scopes": ["events:read"]}).status_code == 403
