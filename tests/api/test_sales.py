"""A shop tells what was bought, and what came of it is told back."""

import pytest

from referrals.models import Attribution, Consent, Conversion, Event, Referral
from referrals.public_ids import public_id
from rewards.models import Reward
from tests.cast import System
from tests.factories import (
    EnrolmentFactory,
    ProfileFactory,
    QuestionFactory,
    ReferralFactory,
    RewardRuleFactory,
)

pytestmark = pytest.mark.django_db
ORDER = {
    "external_id": "A-42", "amount": 12900, "currency": "EUR", "email": "ben@friend.example",
    "occurred_at": "2026-03-05T10:00:00Z",
}  # fmt: skip
WORDS = "My friend knows about it and agrees."


@pytest.fixture
def ben():
    referral = ReferralFactory(email="ben@friend.example")
    for side in ("advocate", "friend"):
        RewardRuleFactory(program=referral.program, side=side)
    return referral


def test_a_sale_to_a_friend_counts_and_promises_both_rewards(ben):
    shop = System(ben.program)

    answer = shop.post("/conversions", ORDER)

    sale = answer.json()
    assert answer.status_code == 201
    assert sale["id"] == public_id("con", Conversion.objects.get().pk)
    assert (sale["standing"], sale["referral"]) == ("decided", public_id("ref", ben.pk))
    assert sale["advocate"] == public_id("adv", ben.enrolment.advocate_id)
    assert shop.get(f"/conversions/{sale['id']}").json() == sale
    rewards = shop.get("/rewards", referral=sale["referral"]).json()["data"]
    assert sorted((r["side"], r["status"], r["amount"]) for r in rewards) == [
        ("advocate", "pending", 4000), ("friend", "pending", 4000)
    ]  # fmt: skip
    assert shop.get(f"/rewards/{rewards[0]['id']}").json() == rewards[0]
    assert shop.get(f"/referrals/{sale['referral']}").json()["status"] == "converted"


def test_the_same_order_again_is_the_same_sale_and_another_amount_is_refused(ben):
    shop = System(ben.program)
    first = shop.post("/conversions", ORDER)

    again, other = shop.post("/conversions", ORDER), shop.post("/conversions", ORDER | {"amount": 1})

    assert (again.status_code, again.json()) == (200, first.json())
    assert other.status_code == 409
    assert "another amount" in other.json()["detail"]
    assert Reward.objects.count() == 2


def test_a_sale_with_both_rewards_costs_a_fixed_number_of_queries(ben, django_assert_num_queries):
    shop = System(ben.program)
    shop.get("/programs")

    for number in range(3):
        friend = ReferralFactory(enrolment=ben.enrolment, email=f"friend{number}@friend.example")
        sale = ORDER | {"external_id": str(number), "email": "", "referral": public_id("ref", friend.pk)}
        # The key and its limit, the call, what is known of the buyer, what changes, and what follows; two
        # more because a test is a transaction itself.
        with django_assert_num_queries(34):
            assert shop.post("/conversions", sale, Idempotency_Key=f"call-{number}").status_code == 201


def test_sales_in_bulk_cost_no_more_queries_than_alone(ben, django_assert_max_num_queries):
    shop = System(ben.program)
    friends = [ReferralFactory(enrolment=ben.enrolment, email=f"friend{n}@friend.example") for n in range(3)]
    items = [ORDER | {"external_id": str(n), "email": friend.email} for n, friend in enumerate(friends)]

    with django_assert_max_num_queries(3 * 34):
        assert shop.post("/conversions/bulk", {"items": items}).status_code == 200


def test_a_code_alone_is_enough(ben):
    shop = System(ben.program)

    sale = shop.post(
        "/conversions", {"external_id": "7", "amount": 1, "currency": "EUR", "code": ben.enrolment.code}
    )

    assert sale.json()["advocate"] == public_id("adv", ben.enrolment.advocate_id)


def test_a_sale_that_nobody_recommended_is_kept_and_counts_for_nobody(ben):
    answer = System(ben.program).post("/conversions", ORDER | {"email": "zoe@friend.example"})

    assert answer.status_code == 202
    assert (answer.json()["id"], answer.json()["standing"]) == (None, "nobody")
    assert Attribution.objects.count() == 1


def test_a_sale_can_name_referral_or_advocate_of_its_own_program_only(ben):
    shop, stranger = System(ben.program), ReferralFactory()
    plain = {name: value for name, value in ORDER.items() if name != "email"}

    foreign = shop.post("/conversions", plain | {"referral": public_id("ref", stranger.pk)})
    nobody = shop.post("/conversions", plain | {"advocate": {"email": stranger.enrolment.advocate.email}})
    mine = shop.post("/conversions", plain | {"referral": public_id("ref", ben.pk)})

    assert foreign.json()["errors"][0]["pointer"] == "/referral"
    assert nobody.json()["errors"][0]["pointer"] == "/advocate"
    assert (foreign.status_code, nobody.status_code, mine.status_code) == (422, 422, 201)


def test_a_refund_takes_the_rewards_back_once(ben):
    shop = System(ben.program)
    sale = shop.post("/conversions", ORDER).json()["id"]

    first = shop.post(f"/conversions/{sale}/reverse", {"reason": "Refunded"})
    again = shop.post(f"/conversions/{sale}/reverse", {"reason": "Again"})

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert first.json()["reason"] == "Refunded"
    assert set(Reward.objects.values_list("status", flat=True)) == {"declined"}
    assert [row["id"] for row in shop.get("/conversions", reversed=True).json()["data"]] == [sale]


def test_a_refund_may_come_before_its_order(ben):
    shop = System(ben.program)

    early = shop.post("/conversions/reverse", {"external_id": "A-42", "reason": "Refunded"})
    shop.post("/conversions", ORDER)

    assert early.json()["standing"] == "waiting"
    assert Conversion.objects.get().reversed_at is not None
    assert not Reward.objects.exists()


def test_many_sales_in_one_call_each_for_itself(ben):
    shop = System(ben.program)
    items = [
        ORDER,
        ORDER,
        ORDER | {"amount": 5},
        {"external_id": "B"},
        ORDER | {"external_id": "C", "referral": "ref_0"},
    ]

    answer = shop.post("/conversions/bulk", {"mode": "per_row", "items": items})
    nothing = shop.post("/conversions/bulk", {"items": [ORDER | {"external_id": "D"}, ORDER | {"amount": 5}]})

    assert [row["status"] for row in answer.json()["results"]] == [201, 201, 409, 422, 422]
    assert nothing.status_code == 422
    assert nothing.json()["errors"][0]["pointer"] == "/items/1"
    assert Conversion.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"amount": -1}, "/amount"), ({"amount": 1.5}, "/amount"), ({"amount": 10**16}, "/amount"),
        ({"amount": "1"}, "/amount"),
        ({"currency": "eur"}, "/currency"), ({"currency": "XXZ"}, "/currency"), ({"external_id": ""}, "/external_id"),
        ({"occurred_at": "2026-03-04"}, "/occurred_at"), ({"occurred_at": "2099-01-01T00:00:00Z"}, "/occurred_at"),
        ({"occurred_at": "2026-03-04T10:00:00"}, "/occurred_at"),
        ({"email": "", "phone": "call me", "name": "B3n"}, "/phone"),
    ],
)  # fmt: skip
def test_a_sale_that_cannot_be_is_refused_where_it_stands(ben, wrong, pointer):
    answer = System(ben.program).post("/conversions", ORDER | wrong)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_a_sale_of_an_untidy_buyer_counts_and_says_what_was_left_out(ben):
    untidy = {"phone": "0 6 call me", "name": "B3n", "code": "' OR 1=1", "country": "IT"}

    sold = System(ben.program).post("/conversions", ORDER | untidy)

    assert (sold.status_code, sold.json()["referral"]) == (201, public_id("ref", ben.pk))
    assert [one["pointer"] for one in sold.json()["left_out"]] == ["/phone", "/name"]


def test_a_friend_named_in_another_system_is_as_if_named_in_the_form():
    place = EnrolmentFactory()
    crm = System(place.program)
    named = {
        "advocate": {"code": place.code},
        "name": "Ben Weber",
        "email": "ben@friend.example",
        "agreement": WORDS,
    }

    answer = crm.post("/referrals", named)
    twice = crm.post("/referrals", named)

    assert Referral.objects.count() == 1
    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["source"]) == ("submitted", "api")
    assert Consent.objects.get().words == WORDS
    assert twice.status_code == 409
    assert twice.json()["detail"] == (
        "Nothing was done. This advocate has named somebody with this address or number before. Leave this friend "
        "out; GET /referrals shows the one that is there."
    )
    assert [one["pointer"] for one in twice.json()["errors"]] == ["/email"]
    assert crm.get("/referrals", email="BEN@friend.example").json()["data"] == [answer.json()]
    assert crm.get("/referrals", status="lost").json()["data"] == []


@pytest.mark.parametrize("way", ["id", "code", "email", "external_id"])
def test_an_advocate_is_named_in_any_one_way(way):
    place = EnrolmentFactory(advocate__external_id="42")
    known = {
        "id": public_id("adv", place.advocate_id), "code": place.code.lower(),
        "email": place.advocate.email.upper(), "external_id": "42",
    }  # fmt: skip
    crm = System(place.program)
    event = {"kind": "purchase", "data": {"amount": 100}}

    assert crm.post("/events", event | {"advocate": {way: known[way]}}).status_code == 201
    assert crm.post("/events", event | {"advocate": known}).status_code == 422
    assert System().post("/events", event | {"advocate": {way: known[way]}}).status_code == 422


def test_what_happened_is_an_event_once_per_number():
    place = EnrolmentFactory()
    crm = System(place.program)
    bought = {
        "kind": "purchase", "advocate": {"code": place.code}, "external_id": "P1",
        "occurred_at": "2026-03-04T10:00:00+01:00", "data": {"amount": 1990, "shelf": "north"},
    }  # fmt: skip

    first, again = crm.post("/events", bought), crm.post("/events", bought)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["data"] == {"amount": 1990, "shelf": "north", "currency": "EUR"}
    assert first.json()["occurred_at"] == "2026-03-04T09:00:00Z"
    assert crm.get("/events", kind="purchase").json()["data"] == [first.json()]
    assert crm.get("/events", kind="deal_won").json()["data"] == []


@pytest.mark.parametrize(
    ("kind", "data"),
    [("purchase", {}), ("purchase", {"amount": "12"}), ("purchase", {"amount": True}), ("satisfaction", {"score": 11}),
     ("tag_applied", {"tag": ""}), ("deal_won", {"amount": 1, "currency": "ZZZ"}), ("reward.issued", {})],
)  # fmt: skip
def test_a_happening_that_does_not_tell_what_it_must_is_refused(kind, data):
    place = EnrolmentFactory()
    answer = System(place.program).post(
        "/events", {"kind": kind, "advocate": {"code": place.code}, "data": data}
    )

    assert answer.status_code == 422
    assert not Event.objects.exists()


def test_many_happenings_cost_as_many_queries_as_few(django_assert_max_num_queries):
    place = EnrolmentFactory()
    crm = System(place.program)
    crm.get("/programs")
    counts = []
    for count in (1, 3, 200):
        items = [
            {"kind": "engaged", "advocate": {"code": place.code}, "external_id": f"{count}-{n}"}
            for n in range(count)
        ]
        with django_assert_max_num_queries(14) as seen:
            assert crm.post("/events/bulk", {"items": items}).status_code == 200
        counts.append(len(seen))

    # SQLite takes so many rows in several statements.
    assert counts[0] == counts[1]


def test_a_friends_phone_is_read_as_it_is_dialled_in_the_programs_country():
    place = EnrolmentFactory(program__country="GB")
    system = System(place.program)
    friend = {
        "advocate": {"id": public_id("adv", place.advocate_id)},
        "name": "Ben Weber",
        "agreement": "Ben agrees.",
    }

    named = system.post("/referrals", friend | {"phone": "07700 900123"})
    many = system.post("/referrals/bulk", {"items": [friend | {"phone": "07700 900124"}]})
    wrong = system.post("/referrals", friend | {"phone": "0770090012345678901"})

    assert (named.status_code, named.json()["phone"]) == (201, "+447700900123")
    assert many.json()["results"][0]["status"] == 201
    assert Referral.objects.filter(phone="+447700900124").count() == 1
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/phone")


def test_answers_about_a_friend_give_the_fit_and_are_checked():
    place = EnrolmentFactory()
    profile = ProfileFactory(program=place.program)
    QuestionFactory(profile=profile, text="Do they have employees?")
    QuestionFactory(profile=profile, text="How soon?", kind="choice", choices="Now = 3\nSome day = 0")
    system, who = System(place.program), {"advocate": {"id": public_id("adv", place.advocate_id)}}
    friend = who | {"name": "Ben Weber", "email": "ben@friend.example", "agreement": "Ben agrees."}
    answers = {"Do they have employees?": "yes", "How soon?": "Some day"}

    asked = system.get("/programs").json()["data"][0]["questions"]
    wrong = system.post("/referrals", friend | {"answers": answers | {"How soon?": "Soon", "Why?": "So"}})
    named = system.post("/referrals", friend | {"answers": answers, "note": "Rings twice"})
    many = system.post(
        "/referrals/bulk", {"items": [friend | {"email": "c@friend.example", "answers": answers}]}
    )

    assert asked[1] == {"question": "How soon?", "answers": ["Now", "Some day"]}
    assert [one["pointer"] for one in wrong.json()["errors"]] == ["/answers/How soon?", "/answers/Why?"]
    assert (named.status_code, named.json()["fit"]) == (201, 25)
    assert many.json()["results"][0]["status"] == 201
    assert [row.fit for row in Referral.objects.all()] == [25, 25]
    ben = Referral.objects.get(email="ben@friend.example")
    assert (ben.note, ben.answers[0]) == (
        "Rings twice", {"question": "Do they have employees?", "answer": "yes"},
    )  # fmt: skip
