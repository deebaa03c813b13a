"""A CRM brings its customers, and asks for their links."""

import pytest

from campaigns.models import Suppression
from referrals.contacts import email_key, phone_key
from referrals.models import Advocate, Enrolment, Event, Tagging
from referrals.public_ids import public_id
from tests.cast import System
from tests.factories import AdvocateFactory, EnrolmentFactory, ProgramFactory

pytestmark = pytest.mark.django_db
ANNA = {
    "external_id": "42",
    "name": "Anna Rossi",
    "email": "anna@example.com",
    "attributes": {"plan": "gold"},
}


def test_somebody_new_is_an_advocate_with_a_link_at_once():
    crm = System()

    answer = crm.post("/advocates", ANNA | {"phone": "+39 06 1234567", "country": "IT", "kind": "partner"})

    anna = Enrolment.objects.get(program=crm.program)
    body = answer.json()
    assert answer.status_code == 201
    assert body["id"] == public_id("adv", anna.advocate_id)
    assert (body["phone"], body["kind"], body["attributes"]) == ("+39061234567", "partner", {"plan": "gold"})
    assert body["share_link"] == f"http://localhost:8000/r/{anna.code}/"
    assert crm.get(f"/advocates/{body['id']}").json() == body
    assert [event.kind for event in Event.objects.all()] == ["advocate.enrolled"]


def test_somebody_known_gets_what_is_said_about_them_and_no_second_row():
    crm = System()
    crm.post("/advocates", ANNA)

    again = crm.post("/advocates", {"email": "ANNA@example.com", "company": "Rossi & Co"})
    same = crm.post("/advocates", ANNA)

    assert (again.status_code, same.status_code) == (200, 200)
    anna = Advocate.objects.get()
    assert (anna.external_id, anna.company, anna.name) == ("42", "Rossi & Co", "Anna Rossi")
    assert [e.data for e in Event.objects.filter(kind="field_changed").order_by("pk")] == [
        {"field": "email"}, {"field": "company"}, {"field": "email"}
    ]  # fmt: skip


def test_whoever_wants_no_mail_gets_none_and_only_they_can_change_that():
    crm = System()
    crm.post("/advocates", ANNA)

    bulk = [ANNA | {"no_mail": True}, {"external_id": "43", "phone": "+390612345678", "no_texts": True}]
    assert crm.post("/advocates/bulk", {"items": bulk}).status_code == 200
    again = crm.post("/advocates", ANNA | {"no_mail": True})
    crm.patch(f"/advocates/{again.json()['id']}", {"no_mail": False, "no_texts": True})

    assert set(Suppression.objects.values_list("key", "program", "reason")) == {
        (email_key("anna@example.com"), None, "unsubscribed"),
        (phone_key("+390612345678"), None, "unsubscribed"),
    }
    assert Event.objects.filter(kind="unsubscribed").count() == 1


@pytest.mark.parametrize(
    ("language", "country", "kept"),
    [
        ("en-US", "USA", ("en", "US")),
        ("de", "Deutschland", ("", "DE")),
        ("pt_BR", "it", ("", "IT")),
        ("ita", "", ("it", "")),
    ],
)
def test_languages_and_countries_are_read_as_systems_write_them(language, country, kept):
    answer = System().post("/advocates", ANNA | {"language": language, "country": country})

    assert (answer.status_code, answer.json()["language"], answer.json()["country"]) == (201, *kept)


def test_a_phone_is_read_as_it_is_dialled_at_home():
    crm = System()
    crm.program.country = "IT"
    crm.program.save(update_fields=["country"])

    anna = crm.post("/advocates", ANNA | {"phone": "07700 900123", "country": "GB"}).json()
    assert anna["phone"] == "+447700900123"
    assert crm.patch(f"/advocates/{anna['id']}", {"phone": "07700 900456"}).json()["phone"] == "+447700900456"
    items = [{"external_id": "43", "phone": "06 1234567"}, {"external_id": "44", "phone": "12 34"}]
    results = crm.post("/advocates/bulk", {"mode": "per_row", "items": items}).json()["results"]
    assert [(one["status"], [e["pointer"] for e in one["errors"]]) for one in results] == [
        (201, []),
        (422, ["/phone"]),
    ]
    assert Advocate.objects.get(external_id="43").phone == "+39061234567"
    refused = crm.post("/advocates", {"external_id": "45", "phone": "12 34"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/phone")


def test_another_programs_people_get_a_place_and_keep_what_is_known_of_them():
    other = EnrolmentFactory(advocate=AdvocateFactory(email="anna@example.com", name="Anna Rossi"))
    crm = System()

    answer = crm.post("/advocates", {"email": "anna@example.com", "name": "Eve"})

    assert answer.status_code == 200
    assert Advocate.objects.get().name == "Anna Rossi"
    assert Enrolment.objects.count() == 2
    assert other.program != crm.program


def test_number_and_address_of_two_people_are_refused_in_words():
    crm = System()
    crm.post("/advocates", {"external_id": "42"})
    crm.post("/advocates", {"email": "ben@example.com"})

    both = crm.post("/advocates", {"external_id": "42", "email": "ben@example.com"})

    assert both.status_code == 409
    assert both.json()["detail"].startswith("Number and address belong to two people here.")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"email": "nobody"}, "/email"), ({"name": "https://x.example"}, "/name"), ({"phone": "x"}, "/phone"),
        ({"kind": "boss"}, "/kind"), ({"country": "Atlantis"}, "/country"), ({"timezone": "Mars"}, "/timezone"),
        ({"language": "xx"}, "/language"), ({"attributes": {"a": [1]}}, "/attributes/a/str"),
        ({"attributes": {"a": "\u202e"}}, "/attributes"), ({"e-mail": "x"}, "/e-mail"), ({"name": None}, "/name"),
        ({"external_id": " 42"}, "/external_id"),
        ({"company": "=HYPERLINK(<a>)"}, "/company"), ({"name": "A" * 61}, "/name"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_where_it_stands(wrong, pointer):
    answer = System().post("/advocates", ANNA | wrong)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert answer.json()["errors"][0]["detail"]
    assert not Advocate.objects.exists()


def test_nobody_comes_in_without_number_and_address():
    answer = System().post("/advocates", {"name": "Anna"})

    assert answer.json()["errors"][0]["detail"].startswith("Send external_id, email or both")


def test_a_change_touches_what_it_names_and_nothing_else():
    crm = System()
    anna = crm.post("/advocates", ANNA).json()

    changed = crm.patch(f"/advocates/{anna['id']}", {"name": "Anna Bianchi", "email": ""})

    assert changed.json() == anna | {"name": "Anna Bianchi", "email": ""}
    assert Advocate.objects.get().email_key == ""
    assert crm.patch(f"/advocates/{anna['id']}", {"external_id": ""}).status_code == 422


def test_an_address_of_somebody_else_cannot_be_taken():
    crm = System()
    crm.post("/advocates", {"email": "ben@example.com"})
    anna = crm.post("/advocates", ANNA).json()

    assert crm.patch(f"/advocates/{anna['id']}", {"email": "ben@example.com"}).status_code == 409
    assert crm.get(f"/advocates/{anna['id']}").json() == anna


def test_many_come_in_one_call_each_for_itself():
    crm = System()
    crm.post("/advocates", ANNA)
    items = [ANNA, {"email": "ben@example.com"}, {"email": "nobody"}, {"email": "BEN@example.com"}, {}]

    answer = crm.post("/advocates/bulk", {"mode": "per_row", "items": items})

    results = answer.json()["results"]
    assert [row["status"] for row in results] == [200, 201, 422, 409, 422]
    assert results[2]["errors"][0]["pointer"] == "/email"
    assert (
        results[3]["errors"][0]["detail"] == "This person stands in this call before. Send each person once."
    )
    assert Advocate.objects.count() == 2


def test_all_or_nothing_is_nothing_if_one_is_wrong_and_says_which():
    crm = System()

    answer = crm.post("/advocates/bulk", {"items": [ANNA, {"email": "nobody"}]})

    assert answer.status_code == 422
    assert [wrong["pointer"] for wrong in answer.json()["errors"]] == ["/items/1/email"]
    assert not Advocate.objects.exists()


def test_many_people_cost_no_more_queries_than_few(django_assert_max_num_queries):
    crm = System()
    crm.get("/programs")
    counts = []
    for count, start in ((1, 0), (3, 10), (200, 1000)):
        items = [{"external_id": str(start + n), "name": "Anna"} for n in range(count)]
        with django_assert_max_num_queries(20) as seen:
            assert crm.post("/advocates/bulk", {"items": items}).status_code == 200
        counts.append(len(seen))

    # SQLite takes so many rows in several statements.
    assert counts[0] == counts[1]


def test_lists_are_filtered_by_what_a_crm_knows():
    crm = System()
    anna = crm.post("/advocates", ANNA).json()["id"]
    ben = crm.post("/advocates", {"email": "ben@example.com", "kind": "partner"}).json()["id"]
    crm.post(f"/advocates/{ben}/tags", {"put_on": ["VIP"]})

    def found(**query):
        return [row["id"] for row in crm.get("/advocates", **query).json()["data"]]

    assert found() == [anna, ben]
    assert found(email="Anna@Example.com") == found(external_id="42") == found(kind="customer") == [anna]
    assert found(tag="vip") == found(kind="partner") == [ben]
    assert found(joined_after="2099-01-01T00:00:00Z") == []


def test_tags_are_put_on_and_taken_off_once_each():
    crm = System()
    anna = crm.post("/advocates", ANNA).json()["id"]

    crm.post(f"/advocates/{anna}/tags", {"put_on": ["VIP", "Gold"]})
    answer = crm.post(f"/advocates/{anna}/tags", {"put_on": ["vip"], "take_off": ["gold", "never had"]})

    assert answer.json()["tags"] == ["VIP"]
    assert Tagging.objects.count() == 1
    told = Event.objects.filter(kind__startswith="tag_").order_by("pk")
    assert [(e.kind, e.data["tag"]) for e in told] == [
        ("tag_applied", "VIP"), ("tag_applied", "Gold"), ("tag_removed", "gold")
    ]  # fmt: skip


def test_links_come_with_words_for_each_channel_and_without_the_personal_link():
    place = EnrolmentFactory()
    crm = System(place.program)

    answer = crm.get(f"/advocates/{public_id('adv', place.advocate_id)}/links")

    links = answer.json()
    assert links["link"] == f"http://localhost:8000/r/{place.code}/"
    assert links["qr"] == f"{links['link']}qr.svg"
    assert {"E-mail", "Text message", "WhatsApp"} <= {way["name"] for way in links["ways"]}
    assert place.token not in answer.content.decode()


def test_ids_tell_nobody_how_many_there_are_and_name_one_kind_of_thing_only():
    ids = [public_id("adv", n) for n in range(1, 200)]

    assert len(set(ids)) == len(ids)
    assert sorted(ids) != ids
    assert System(ProgramFactory()).get(f"/referrals/{ids[0].replace('adv', 'ref')}").status_code == 404
