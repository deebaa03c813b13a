"""What holds for every address of the API: who is let in, whose rows there are, how much it asks."""

import pytest
from django.test import Client

from referrals.models import Conversion, Event, Lead
from referrals.public_ids import public_id
from tests.cast import System
from tests.factories import (
    NOW,
    EventFactory,
    ProgramFactory,
    ReferralFactory,
    RewardFactory,
    SurveyResponseFactory,
)

pytestmark = pytest.mark.django_db

READ = (
    "/advocates",
    "/events",
    "/referrals",
    "/conversions",
    "/rewards",
    "/incentives",
    "/surveys",
    "/answers",
    "/leads",
)
SCOPE_OF = {"incentives": "rewards", "answers": "surveys"}
ONE = (
    "/advocates/{advocate}", "/advocates/{advocate}/links", "/referrals/{referral}", "/conversions/{sale}",
    "/rewards/{reward}", "/leads/{lead}",
)  # fmt: skip
WRITE = (
    "/advocates", "/advocates/bulk", "/advocates/{advocate}/tags", "/events", "/events/bulk", "/referrals",
    "/referrals/bulk", "/conversions", "/conversions/bulk", "/conversions/reverse", "/conversions/{sale}/reverse",
    "/rewards", "/answers", "/leads", "/leads/bulk",
)  # fmt: skip


def fill(program=None):
    """One row of everything, and what stands for it in an address."""
    referral = ReferralFactory(enrolment__program=program or ProgramFactory())
    sale = Conversion.objects.create(
        program=referral.program, referral=referral, external_id=f"A{referral.pk}", amount=100, currency="EUR",
        occurred_at=NOW, recorded_at=NOW,
    )  # fmt: skip
    EventFactory(kind=Event.Kind.PURCHASE, program=referral.program, advocate=referral.enrolment.advocate)
    reward = RewardFactory(referral=referral)
    SurveyResponseFactory(enrolment=referral.enrolment)
    lead = Lead.objects.create(program=referral.program, external_id=f"L{referral.pk}", submitted_at=NOW)
    return {
        "advocate": public_id("adv", referral.enrolment.advocate_id), "referral": public_id("ref", referral.pk),
        "sale": public_id("con", sale.pk), "reward": str(reward.pk), "lead": public_id("lea", lead.pk),
    }  # fmt: skip


@pytest.mark.parametrize("path", READ + ONE + WRITE)
def test_a_stranger_is_turned_away_from_everything(path):
    url = "/api/v1" + path.format(**fill())
    strict = Client(enforce_csrf_checks=True)

    assert strict.get(url).status_code in {401, 405}
    assert strict.post(url, "{}", content_type="application/json").status_code in {401, 405}


@pytest.mark.parametrize("path", READ + ONE)
def test_what_a_key_may_not_read_it_does_not_read(path):
    scope = path.split("/")[1]
    scope = SCOPE_OF.get(scope, scope)
    others = [s for s in System().key.scopes if s != f"{scope}:read"]

    answer = System(None, *others).get(path.format(**fill()))

    assert answer.status_code == 403
    assert f"“{scope}:read”" in answer.json()["detail"]


@pytest.mark.parametrize("path", WRITE)
def test_what_a_key_may_not_write_it_does_not_write(path):
    scope = path.split("/")[1]
    scope = SCOPE_OF.get(scope, scope)
    others = [s for s in System().key.scopes if s != f"{scope}:write"]

    assert System(None, *others).post(path.format(**fill())).status_code == 403


@pytest.mark.parametrize("path", ONE)
def test_a_row_of_another_program_is_like_one_that_is_not_there(path):
    there, mine = fill(), System()
    nowhere = {
        "advocate": public_id("adv", 10**9),
        "referral": "ref_0",
        "sale": "con_zz",
        "lead": public_id("lea", 10**9),
        "reward": there["reward"][::-1],
    }
    nowhere["reward"] = "01956f3e-7c2a-7d51-8a41-2f7c51c4b0aa"

    foreign, missing = mine.get(path.format(**there)), mine.get(path.format(**nowhere))

    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.json() == missing.json()
    assert System(mine.program).get(path.format(**fill(mine.program))).status_code == 200


def test_what_changes_a_row_does_not_reach_into_another_program():
    there, mine = fill(), System()

    answers = [
        mine.patch(f"/advocates/{there['advocate']}", {"name": "Eve"}),
        mine.post(f"/advocates/{there['advocate']}/tags", {"put_on": ["VIP"]}),
        mine.post(f"/conversions/{there['sale']}/reverse", {"reason": "x"}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert not Event.objects.exclude(kind=Event.Kind.PURCHASE).exclude(kind="conversion.recorded").exists()


@pytest.mark.parametrize("path", READ)
def test_a_list_shows_its_own_programs_rows_and_asks_the_same_with_more(path, django_assert_max_num_queries):
    shop = System()
    fill()
    counts, lengths = [], []
    shop.get(path)
    for more in (1, 2, 17):
        for _ in range(more):
            fill(shop.program)
        # The key, its allowance, the rows, and tags.
        with django_assert_max_num_queries(4) as seen:
            lengths.append(len(shop.get(path, limit=100).json()["data"]))
        counts.append(len(seen))

    assert lengths == [1, 3, 20]
    assert len(set(counts)) == 1


@pytest.mark.parametrize("path", READ)
def test_a_list_is_read_page_by_page_and_goes_on_where_it_ended(path):
    shop = System()
    for _ in range(5):
        fill(shop.program)

    pages, cursor = [], ""
    while cursor is not None:
        page = shop.get(path, limit=2, cursor=cursor).json()
        pages.append([row["id"] for row in page["data"]])
        cursor = page["next"]

    assert [len(page) for page in pages] == [2, 2, 1]
    assert len({one for page in pages for one in page}) == 5


@pytest.mark.parametrize("path", READ)
@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "cursor=%00", "cursor=cur_1", "cursor=adv_" + "0" * 32]
)
def test_a_page_that_cannot_be_is_refused_with_the_parameter(path, query):
    answer = System().client.get(f"/api/v1{path}?{query}", headers=System().headers)

    assert answer.status_code == 422
    assert [wrong["parameter"] for wrong in answer.json()["errors"]] == [query.split("=")[0]]


BODIES = {
    "nothing": ("", 415), "no JSON": ("{", 400), "NaN": ('{"amount": NaN}', 400), "a list": ("[]", 422),
    "null": ("null", 422), "not UTF-8": (b"\xff\xfe", 400), "deep": ("[" * 50 + "]" * 50, 400),
    "very deep": ("[" * 100_000 + "]" * 100_000, 400), "huge number": ('{"amount": ' + "9" * 5000 + "}", 400),
    "a name twice": ('{"name": "Anna", "name": "Carlo"}', 400),
    "lone surrogate": ('{"name": "\\ud800", "email": "\\udfff"}', 422), "null character": ('{"name": "\\u0000a"}', 422),
}  # fmt: skip


@pytest.mark.parametrize("path", WRITE)
@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_cannot_be_read_is_a_problem_in_words(path, body):
    text, status = BODIES[body]
    shop = System()

    answer = shop.send("POST", path.format(**fill(shop.program)), text)

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [("/advocates", 262_145, 413), ("/advocates/bulk", 262_145, 422), ("/advocates/bulk", 1_048_577, 413)],
)
def test_no_more_is_read_than_a_body_may_have(path, size, status):
    answer = System().send("POST", path, '{"mode":"' + "x" * (size - 11) + '"}')

    assert answer.status_code == status


def test_a_hundred_megabytes_are_refused_without_being_read():
    class Untouched:
        def read(self, *args):
            raise AssertionError("somebody read it")

        readline = read

    shop = System()
    answer = shop.client.generic(
        "POST", "/api/v1/conversions", b"", "application/json", headers=shop.headers,
        CONTENT_TYPE="application/json", CONTENT_LENGTH=str(100 * 1024 * 1024), **{"wsgi.input": Untouched()},
    )  # fmt: skip

    assert (answer.status_code, answer["Content-Type"]) == (413, "application/problem+json")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_what_is_not_called_json_is_not_read(kind):
    assert (
        System().send("POST", "/advocates", '{"email": "a@b.example"}', content_type=kind).status_code == 415
    )


def test_a_compressed_body_is_not_unpacked():
    shop = System()
    answer = shop.client.post(
        "/api/v1/advocates", b"\x1f\x8b", content_type="application/json",
        headers=shop.headers | {"content-encoding": "gzip"},
    )  # fmt: skip

    assert (answer.status_code, "without compressing it" in answer.json()["detail"]) == (415, True)


@pytest.mark.parametrize("path", READ)
def test_a_parameter_that_a_list_does_not_know_is_refused_with_the_near_one_and_all_there_are(path):
    answer = System().get(path, limitt=5)

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    [wrong] = answer.json()["errors"]
    assert wrong["parameter"] == "limitt"
    assert wrong["detail"].startswith(
        "This address takes no such parameter. Did you mean “limit”? It takes limit, "
    )


@pytest.mark.parametrize(
    ("method", "path"), [("GET", path) for path in (*ONE, "/programs")] + [("POST", path) for path in WRITE]
)
def test_where_there_are_no_parameters_each_is_refused_and_nothing_is_done(method, path):
    shop = System()

    answer = shop.send(method, path.format(**fill(shop.program)) + "?dry_run=1", "{}")

    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        [{"parameter": "dry_run", "detail": "This address takes no such parameter. It takes none."}],
    )


@pytest.mark.parametrize(
    "asked", ["/advocates?external_id", "/conversions?external_id", "/leads?source", "/leads?owner"]
)
def test_a_null_character_in_a_parameter_is_refused_because_no_text_has_one(asked):
    answer = System().client.get(f"/api/v1{asked}=%00", headers=System().headers)

    assert (answer.status_code, answer.json()["errors"]) == (
        422,
        [{"parameter": asked.split("?")[1], "detail": "Leave out the null character."}],
    )


def test_a_parameter_that_stands_twice_is_refused_because_one_would_be_lost():
    answer = System().get("/referrals", status=["won", "lost"])

    assert (answer.status_code, [wrong["parameter"] for wrong in answer.json()["errors"]]) == (
        400,
        ["status"],
    )
