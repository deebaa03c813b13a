"""Sign-in through the public door: codes for advocates, passwords and second factors for staff."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import (
    TOTP,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from campaigns.models import Message
from referrals.models import Advocate
from tests.factories import EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db
ASK, CONFIRM, LOGIN = "/account/login/code/", "/account/login/code/confirm/", "/account/login/"
CODE = re.compile(r"^\w{4}-\w{4}$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture
def anna() -> Advocate:
    return EnrolmentFactory(advocate__email="anna@customer.example").advocate


@pytest.fixture
def sofia() -> User:
    user = UserFactory(email="sofia@acme.example", is_superuser=True)
    user.set_password("correct horse battery")
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def mailed_code() -> str:
    [found] = CODE.findall(Message.objects.latest("created_at").text)
    return found


def test_an_advocate_signs_in_with_a_mailed_code(client, anna):
    asked = client.post(ASK, {"email": "anna@customer.example"})
    assert asked.url == CONFIRM

    signed_in = client.post(CONFIRM, {"code": mailed_code().lower()})

    assert signed_in.url == "/me/"
    assert client.get("/me/").status_code == 200
    user = Advocate.objects.get().user
    assert (user.is_staff, user.email, user.has_usable_password()) == (False, "", False)


def test_the_second_time_it_is_the_same_account(anna):
    for _ in range(2):
        Client().post(ASK, {"email": "anna@customer.example"})

    assert User.objects.count() == 1


def test_the_code_goes_to_the_address_we_have_however_it_was_typed(client, anna):
    Advocate.objects.update(email="anna.rossi@gmail.com", email_key="")
    Advocate.objects.get().save()

    client.post(ASK, {"email": "AnnaRossi+x@googlemail.com"})

    assert Message.objects.get().to_address == "anna.rossi@gmail.com"


def test_a_stranger_is_answered_like_an_advocate_and_gets_no_mail(client, anna):
    known = client.post(ASK, {"email": "anna@customer.example"})
    page_for_anna = client.get(CONFIRM).text
    stranger = Client()
    unknown = stranger.post(ASK, {"email": "nobody@customer.example"})
    page_for_nobody = stranger.get(CONFIRM).text

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert strip(page_for_anna) == strip(page_for_nobody.replace("nobody@", "anna@"))
    assert Message.objects.count() == 1
    assert User.objects.count() == 1


def strip(page: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)


def test_a_stranger_costs_as_many_queries_as_an_advocate(client, anna, django_assert_num_queries):
    client.post(ASK, {"email": "anna@customer.example"})

    # One more for the stranger: inside a test, taking back and being done are two statements.
    for email, queries in (("anna@customer.example", 12), ("nobody@customer.example", 13)):
        with django_assert_num_queries(queries):
            Client().post(ASK, {"email": email})


def test_six_requests_an_hour_are_answered_and_five_are_mailed(anna):
    answers = [Client().post(ASK, {"email": "anna@customer.example"}).url for _ in range(6)]

    assert answers == [CONFIRM] * 6
    assert Message.objects.count() == 5


def test_a_network_that_asks_and_asks_is_told_to_wait(client, anna):
    for n in range(20):
        Client().post(ASK, {"email": f"nobody{n}@customer.example"})

    answer = client.post(ASK, {"email": "anna@customer.example"})

    assert "There were many requests from your network" in answer.text
    assert Message.objects.count() == 0


def test_five_wrong_codes_end_it_even_for_the_right_one(client, anna):
    client.post(ASK, {"email": "anna@customer.example"})
    code = mailed_code()
    for _ in range(5):
        client.post(CONFIRM, {"code": "WRON-GONE"})

    assert client.post(CONFIRM, {"code": code}).url == ASK
    assert "_auth_user_id" not in client.session


def test_a_code_works_in_the_browser_that_asked_and_in_no_other(client, anna):
    client.post(ASK, {"email": "anna@customer.example"})
    thief = Client()

    assert thief.post(CONFIRM, {"code": mailed_code()}).url == ASK
    assert "_auth_user_id" not in thief.session


def test_a_code_is_dead_after_ten_minutes(client, anna, time_machine):
    time_machine.move_to("2026-03-04 10:00:00Z", tick=False)
    client.post(ASK, {"email": "anna@customer.example"})
    time_machine.move_to("2026-03-04 10:10:01Z", tick=False)

    assert client.post(CONFIRM, {"code": mailed_code()}).url == ASK


def test_a_code_works_once(client, anna):
    client.post(ASK, {"email": "anna@customer.example"})
    client.post(CONFIRM, {"code": mailed_code()})
    client.post("/account/logout/")

    assert client.post(CONFIRM, {"code": mailed_code()}).url == ASK


def test_what_is_no_address_gets_a_sentence_at_the_field(client):
    answer = client.post(ASK, {"email": "anna at customer"})

    assert answer.status_code == 200
    assert 'value="anna at customer"' in answer.text
    assert "Write it as name@example.com." in answer.text
    assert Message.objects.count() == 0


def test_a_wrong_code_gets_a_sentence_at_the_field(client, anna):
    client.post(ASK, {"email": "anna@customer.example"})

    assert "This is not the code in our last mail to you." in client.post(CONFIRM, {"code": "ABCD-EFGH"}).text


@pytest.mark.parametrize(
    "hostile",
    [
        "x" * 10_000,
        "anna@customer.example\r\nBcc: v@x.example",
        "<script>@x.example",
        "\u202eanna@x.y",
        "\x00a@b.c",
        "",
    ],
)
def test_hostile_input_is_refused_at_the_field_and_mails_nobody(client, anna, hostile):
    answer = client.post(ASK, {"email": hostile})

    assert answer.status_code == 200
    assert 'class="error"' in answer.text
    assert "<script>@" not in answer.text
    assert Message.objects.count() == 0


def test_nobody_signs_up(client):
    assert "You need no account" in client.get("/account/signup/").text
    client.post("/account/signup/", {"email": "new@customer.example"})

    assert User.objects.count() == 0


def test_staff_who_ask_for_a_code_are_mailed_the_way_to_their_password(client, sofia):
    client.post(ASK, {"email": "sofia@acme.example"})

    mail = Message.objects.get()
    assert "http://localhost:8000/account/login/" in mail.text
    assert CODE.findall(mail.text) == []


def test_the_admin_sends_staff_to_the_password_and_back_to_where_they_were(client, sofia):
    door = client.get("/admin/referrals/referral/", follow=True)
    assert door.redirect_chain[-1][0] == "/account/login/?next=%2Fadmin%2Freferrals%2Freferral%2F"

    signed_in = client.post(
        LOGIN,
        {"login": sofia.email, "password": "correct horse battery", "next": "/admin/referrals/referral/"},
    )

    assert signed_in.url == "/admin/referrals/referral/"
    assert client.session.get_expiry_age() <= 12 * 60 * 60


def test_staff_without_a_password_are_not_let_in_by_a_code(client, sofia):
    answer = client.post(LOGIN, {"login": sofia.email})

    assert answer.status_code == 200
    assert Message.objects.count() == 0


@pytest.mark.parametrize("account", [{"is_staff": True}, {"is_active": False}])
def test_an_advocate_who_is_staff_or_whose_account_is_closed_gets_no_code(client, anna, account):
    Advocate.objects.update(user=UserFactory(**{"is_staff": False} | account))

    assert client.post(ASK, {"email": "anna@customer.example"}).url == CONFIRM
    assert Message.objects.count() == 0


def test_whoever_mistyped_the_address_starts_again(client, anna):
    client.post(ASK, {"email": "ana@customer.example"})
    assert client.get(ASK).url == CONFIRM

    again = client.post("/account/logout/", {"next": ASK}, follow=True)

    assert "Send me a code" in again.text


def test_staff_without_a_page_in_mind_land_on_their_desk(client, sofia):
    answer = client.post(LOGIN, {"login": sofia.email, "password": "correct horse battery"})

    assert answer.url == "/admin/"


def test_another_site_is_no_page_to_go_back_to(client, sofia):
    answer = client.post(
        LOGIN,
        {"login": sofia.email, "password": "correct horse battery", "next": "https://evil.example/"},
    )

    assert answer.url == "/admin/"


def test_with_a_second_factor_the_password_alone_opens_nothing(client, sofia):
    secret = generate_totp_secret()
    TOTP.activate(sofia, secret)

    password = client.post(LOGIN, {"login": sofia.email, "password": "correct horse battery"})
    assert password.url == "/account/2fa/authenticate/"
    assert client.get("/admin/").status_code == 302

    counter = next(iter(yield_hotp_counters_from_time()))
    code = f"{hotp_value(secret, counter):06d}"
    assert client.post("/account/2fa/authenticate/", {"code": code}).url == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_an_advocate_has_no_business_in_the_admin(client, anna):
    client.post(ASK, {"email": "anna@customer.example"})
    client.post(CONFIRM, {"code": mailed_code()})

    answer = client.get("/admin/", follow=True)

    assert answer.status_code == 403
    assert "This page is not open to you" in answer.text


STAFF_PAGES = [
    "/account/2fa/",
    "/account/2fa/totp/activate/",
    "/account/2fa/recovery-codes/",
    "/account/2fa/webauthn/add/",
    "/account/password/change/",
    "/account/reauthenticate/",
]


@pytest.mark.parametrize("address", STAFF_PAGES)
def test_for_an_advocate_the_pages_of_staff_do_not_exist(client, anna, address):
    client.force_login(User.objects.create_user("x"))

    assert client.get(address).status_code == 404


@pytest.mark.parametrize("address", STAFF_PAGES)
def test_whoever_is_not_signed_in_is_sent_to_the_door(client, address):
    answer = client.get(address)

    assert (answer.status_code, answer.url.split("?")[0]) == (302, LOGIN)


def test_nobody_adds_an_address_to_be_mailed_to(client, sofia):
    client.force_login(sofia)

    assert (
        client.post("/account/email/", {"email": "victim@friend.example", "action_add": ""}).status_code
        == 404
    )


def test_a_forgotten_password_is_renewed_by_a_link_on_our_own_address(client, sofia):
    client.post("/account/password/reset/", {"email": sofia.email}, headers={"host": "127.0.0.1"})

    [link] = re.findall(
        r"^http://localhost:8000(/account/password/reset/key/\S+)$", Message.objects.get().text, re.M
    )
    form = client.get(link, follow=True)
    client.post(
        form.request["PATH_INFO"], {"password1": "staple battery horse", "password2": "staple battery horse"}
    )

    assert client.post(LOGIN, {"login": sofia.email, "password": "staple battery horse"}).url == "/admin/"
    # The mailbox is told, too.
    assert Message.objects.count() == 2


def test_a_form_from_another_site_signs_nobody_in(anna):
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(ASK, {"email": "anna@customer.example"}).status_code == 403
    assert Message.objects.count() == 0


def test_signing_out_takes_a_button(client, anna):
    client.force_login(User.objects.create_user("x"))

    client.get("/account/logout/")
    assert "_auth_user_id" in client.session
    client.post("/account/logout/")
    assert "_auth_user_id" not in client.session
