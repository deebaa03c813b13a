import re

import pytest
from django.test import Client

from campaigns.models import Message
from referrals.models import Click, Referral
from tests.factories import (
    AdvocateFactory,
    ChannelFactory,
    EnrolmentFactory,
    ProfileFactory,
    ReferralFactory,
    RewardRuleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

PERSON = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"}
BEN = {"name": "Ben Weber", "email": "ben@friend.example", "agreed": "on"}


@pytest.fixture
def enrolment():
    return EnrolmentFactory(
        advocate__email="anna@customer.example", program__slug="acme", program__owner=UserFactory()
    )


@pytest.fixture
def link(enrolment):
    return f"/r/{enrolment.code}/"


@pytest.fixture
def ben(client):
    client.defaults["HTTP_USER_AGENT"] = PERSON["User-Agent"]
    return client


def visit_in(page):
    return re.search(r'data-visit="([^"]+)"', page)[1]


def test_a_friend_reads_who_recommends_what_is_in_it_and_what_to_do(ben, enrolment, link):
    rule = RewardRuleFactory(program=enrolment.program, side="friend")
    ProfileFactory(program=enrolment.program, headline="Small shops")

    page = ben.get(link).text

    assert "Anna thinks that Acme can help you" in page
    assert "Rossi" not in page
    assert f"You get {rule.incentive.name} when you become a customer." in page
    assert "Small shops" in page
    assert "Acme keeps small companies" in page
    assert "Leave my details" in page
    assert "No thanks" in page


def test_an_advocate_who_does_not_want_to_be_named_is_not(ben, enrolment, link):
    enrolment.advocate.show_name = False
    enrolment.advocate.save()

    page = ben.get(link).text

    assert "Someone you know thinks that Acme can help you" in page
    assert "Anna" not in page


@pytest.mark.parametrize("rules", [1, 3])
def test_a_visit_costs_four_queries_and_leaves_no_cookie(
    ben, enrolment, link, rules, django_assert_num_queries
):
    RewardRuleFactory.create_batch(rules, program=enrolment.program)

    with django_assert_num_queries(4):
        response = ben.get(link)

    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")


def test_a_visit_is_written_down_with_its_channel_and_counts_when_the_page_reports_back(ben, enrolment, link):
    whatsapp = ChannelFactory(program=enrolment.program, slug="whatsapp")
    ChannelFactory(slug="whatsapp")

    page = ben.get(f"{link}?c=whatsapp").text

    click = Click.objects.get()
    assert (click.enrolment, click.channel, click.is_bot, click.confirmed_at) == (
        enrolment,
        whatsapp,
        False,
        None,
    )
    assert ben.post(f"{link}seen/", {"visit": visit_in(page)}).status_code == 204
    assert Click.objects.by_people().get() == click


@pytest.mark.parametrize("channel", ["", "nothing", "%00", "%27", "x" * 3000])
def test_a_channel_that_is_none_is_none(ben, link, channel):
    assert ben.get(f"{link}?c={channel}").status_code == 200
    assert Click.objects.get().channel is None


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("head", {}),
        ("get", {"User-Agent": "WhatsApp/2.23"}),
        ("get", {"User-Agent": "Googlebot/2.1"}),
        ("get", {"User-Agent": ""}),
        ("get", {"Sec-Purpose": "prefetch;prerender"}),
    ],
)
def test_a_machine_is_written_down_as_one_and_never_becomes_a_person(ben, link, method, headers):
    page = ben.get(link, headers=headers).text if method == "get" else ben.head(link) and ""

    if page:
        ben.post(f"{link}seen/", {"visit": visit_in(page)}, headers=headers)
    assert Click.objects.get().is_bot
    assert not Click.objects.by_people().exists()


@pytest.mark.parametrize("visit", ["", "x", "019aa000-0000-7000-8000-000000000000:forged", "\x00" * 50])
def test_a_report_about_a_visit_that_we_never_made_changes_nothing(ben, link, visit):
    ben.get(link)

    assert ben.post(f"{link}seen/", {"visit": visit}).status_code == 204
    assert not Click.objects.by_people().exists()


def test_nobody_reports_for_somebody_elses_visit(ben, link):
    page = ben.get(link).text

    ben.post(f"{link}seen/", {"visit": visit_in(page)}, REMOTE_ADDR="203.0.113.9")

    assert not Click.objects.by_people().exists()
    assert ben.get(f"{link}seen/").status_code == 405


def test_a_code_is_read_in_small_letters_too(ben, enrolment):
    assert ben.get(f"/r/{enrolment.code.lower()}/").status_code == 200


@pytest.mark.parametrize("status", ["draft", "paused", "ended"])
def test_a_code_of_a_program_that_is_not_live_looks_like_one_that_does_not_exist(
    ben, enrolment, link, status
):
    enrolment.program.status = status
    enrolment.program.save()

    for path in ("", "join/", "join/sent/", "qr.svg"):
        paused, unknown = ben.get(f"{link}{path}"), ben.get(f"/r/NOTHING2/{path}")
        assert (paused.status_code, unknown.status_code) == (404, 404)
        assert paused.content == unknown.content
    assert not Click.objects.exists()


def test_after_sixty_unknown_codes_in_an_hour_the_answer_is_to_wait(ben, link, time_machine):
    time_machine.move_to("2026-03-04 10:00:00Z", tick=False)
    answers = [ben.get(f"/r/{n}/").status_code for n in range(61)]

    assert answers == [404] * 60 + [429]
    assert ben.get("/r/NOTHING2/")["Retry-After"] == "60"
    assert ben.get(link).status_code == 200


def test_the_qr_code_is_a_picture_that_may_be_kept(ben, enrolment, link):
    response = ben.get(f"{link}qr.svg")

    assert response["Content-Type"] == "image/svg+xml"
    assert response["Cache-Control"] == "public, max-age=86400"
    assert response.content.startswith(b"<svg")
    assert b"<script" not in response.content
    assert not Click.objects.exists()


def test_the_page_is_neither_kept_nor_listed(ben, link):
    response = ben.get(link)

    assert (response["Cache-Control"], response["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")


# Leaving details


def test_a_friend_leaves_details_and_is_called(ben, enrolment, link):
    channel = ChannelFactory(program=enrolment.program, slug="sms")
    visit = visit_in(ben.get(f"{link}?c=sms").text)

    response = ben.post(
        f"{link}join/?v={visit}",
        BEN | {"phone": "+39 06 6982 1234", "company": "Weber & Co.", "note": "Mornings"},
    )

    assert response.url == f"{link}join/sent/"
    assert "Thank you. We look forward to it." in ben.get(response.url).text
    referral = Referral.objects.get()
    assert (referral.source, referral.channel, referral.click) == ("link", channel, Click.objects.get())
    assert (referral.phone, referral.company, referral.note) == ("+390669821234", "Weber & Co.", "Mornings")
    assert (
        referral.consents.get().words == "Acme may contact me about this recommendation by e-mail or phone."
    )
    assert referral.accepted_at
    assert Click.objects.by_people().count() == 1
    assert sorted(Message.objects.values_list("purpose", flat=True)) == [
        "friend_came",
        "friend_thanks",
        "sales_alert",
    ]


def test_without_a_visit_or_with_one_to_another_link_details_are_taken_all_the_same(ben, enrolment, link):
    visit = visit_in(ben.get(f"/r/{EnrolmentFactory().code}/").text)

    ben.post(f"{link}join/?v={visit}", BEN)
    ben.post(f"{link}join/?v=%00", BEN | {"email": "cleo@friend.example"})

    assert list(Referral.objects.values_list("enrolment", "click")) == [(enrolment.pk, None)] * 2


def test_the_advocates_own_address_is_refused_at_the_field(ben, link):
    page = ben.post(f"{link}join/", BEN | {"email": "Anna@Customer.example", "note": "Hello"}).text

    assert page.count("This is the address or number of whoever recommends us. Write your own, please.") == 2
    assert 'href="#id_email"' in page
    assert "Hello</textarea>" in page
    assert not Referral.objects.exists()


def test_a_friend_named_before_says_yes_to_that_recommendation(ben, enrolment, link):
    named = ReferralFactory(enrolment=enrolment, email="ben@friend.example", program=enrolment.program)

    response = ben.post(f"{link}join/", BEN | {"note": "Mornings"})

    assert response.url == f"{link}join/sent/"
    named.refresh_from_db()
    assert (Referral.objects.get(), named.note, bool(named.accepted_at)) == (named, "Mornings", True)


def test_leaving_details_twice_is_leaving_them_once(ben, link):
    first, second = ben.post(f"{link}join/", BEN), ben.post(f"{link}join/", BEN)

    assert first.url == second.url
    assert Referral.objects.count() == 1
    assert Message.objects.filter(purpose="friend_thanks").count() == 1


def test_a_friend_who_is_a_customer_gets_the_same_receipt(ben, enrolment, link):
    AdvocateFactory(email="ben@friend.example")

    assert ben.post(f"{link}join/", BEN).url == f"{link}join/sent/"
    assert Referral.objects.get().status == "rejected"
    assert not Message.objects.filter(status="queued").exists()


def test_somebody_whose_data_was_deleted_is_not_taken_in_again_by_surprise(ben, enrolment, link, now):
    from referrals.services.referral import erase_friend

    named = ReferralFactory(enrolment=enrolment, email="ben@friend.example", program=enrolment.program)
    erase_friend(named, now=now)

    page = ben.post(f"{link}join/", BEN)

    assert page.status_code == 200
    assert "please write to us" in page.text
    named.refresh_from_db()
    assert named.name == ""


def test_nobody_is_contacted_without_agreeing(ben, link):
    page = ben.post(f"{link}join/", BEN | {"agreed": ""}).text

    assert "Tick this if we may contact you. Without it we will not." in page
    assert not Referral.objects.exists()


def test_leaving_details_costs_at_most_26_queries(ben, link, django_assert_max_num_queries):
    visit = visit_in(ben.get(link).text)

    with django_assert_max_num_queries(26):
        ben.post(f"{link}join/?v={visit}", BEN)


def test_details_are_taken_from_our_own_form_only(link):
    assert Client(enforce_csrf_checks=True).post(f"{link}join/", BEN).status_code == 403
    assert Client().post(f"{link}join/", BEN, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert not Referral.objects.exists()
