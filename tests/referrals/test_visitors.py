from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from referrals.models import Click
from referrals.services.visit import CONFIRM_WITHIN, confirm_visit, record_visit
from referrals.visitors import client_address, client_network, is_bot, visitor_hash
from tests.factories import EnrolmentFactory

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def visit(method="get", agent=BROWSER, address="198.51.100.7", **headers):
    return getattr(RequestFactory(), method)("/", REMOTE_ADDR=address, HTTP_USER_AGENT=agent, **headers)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "198.51.100.7"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "198.51.100.7"),
        (1, "", "198.51.100.7"),
        (1, "unknown", "0.0.0.0"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_only_as_many_proxies_are_believed_as_stand_there(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXY_COUNT = proxies

    assert client_address(visit(HTTP_X_FORWARDED_FOR=forwarded)) == address


@given(st.text(), st.text(max_size=20))
def test_whatever_stands_in_the_headers_there_is_an_address_and_a_network(forwarded, remote):
    request = visit(address=remote, HTTP_X_FORWARDED_FOR=forwarded)

    assert client_address(request)
    assert "/" in client_network(request)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.0/24"),
        ("::ffff:198.51.100.7", "198.51.100.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)
def test_limits_count_neighbourhoods(address, network):
    assert client_network(visit(address=address)) == network


def test_a_visitor_is_the_same_all_day_and_unknown_the_next(now):
    request = visit()

    assert visitor_hash(request, now) == visitor_hash(visit(), now + timedelta(hours=1))
    assert visitor_hash(request, now) != visitor_hash(request, now + timedelta(days=1))
    assert visitor_hash(request, now) != visitor_hash(visit(agent="Opera"), now)
    assert visitor_hash(request, now) != visitor_hash(visit(address="198.51.100.8"), now)


@pytest.mark.parametrize(
    ("request_", "machine"),
    [
        (visit(), False),
        (visit("head"), True),
        (visit("post"), True),
        (visit(agent=""), True),
        (visit(agent="Googlebot/2.1 (+http://www.google.com/bot.html)"), True),
        (visit(agent="WhatsApp/2.23.20.0"), True),
        (visit(agent="facebookexternalhit/1.1"), True),
        (visit(agent="curl/8.5.0"), True),
        (visit(HTTP_SEC_PURPOSE="prefetch;prerender"), True),
        (visit(HTTP_PURPOSE="prefetch"), True),
    ],
    ids=[
        "a person",
        "head",
        "post",
        "nameless",
        "google",
        "whatsapp",
        "facebook",
        "curl",
        "prerender",
        "prefetch",
    ],
)
def test_people_are_told_from_machines(request_, machine):
    assert is_bot(request_) == machine


@pytest.mark.django_db
class TestConfirming:
    def click(self, now, **more):
        known = {"channel_id": None, "visitor": "v", "is_bot": False}
        return record_visit(EnrolmentFactory(), now=now, **known | more)

    def test_an_open_page_confirms_a_visit_once(self, now):
        click = self.click(now)

        assert confirm_visit(click.pk, visitor="v", now=now) is True
        assert confirm_visit(click.pk, visitor="v", now=now + timedelta(minutes=1)) is False
        assert Click.objects.by_people().get().confirmed_at == now

    def test_nobody_confirms_for_a_machine_for_another_for_yesterday_or_for_nothing(self, now):
        machine, other, old = self.click(now, is_bot=True), self.click(now), self.click(now - CONFIRM_WITHIN)

        assert confirm_visit(machine.pk, visitor="v", now=now) is False
        assert confirm_visit(other.pk, visitor="w", now=now) is False
        assert confirm_visit(old.pk, visitor="v", now=now) is False
        assert confirm_visit(uuid4(), visitor="v", now=now) is False
        assert Click.objects.by_people().count() == 0

    def test_the_database_keeps_machines_from_being_people(self, now):
        click = self.click(now, is_bot=True)

        with pytest.raises(IntegrityError, match="click_bot_is_no_person"), transaction.atomic():
            Click.objects.filter(pk=click.pk).update(confirmed_at=now)


@pytest.mark.django_db
def test_whoever_opens_three_peoples_links_within_ten_seconds_is_no_person(now):
    clicks = [
        record_visit(EnrolmentFactory(), channel_id=None, visitor="v", is_bot=False, now=now)
        for _ in range(3)
    ]

    assert not confirm_visit(clicks[0].pk, visitor="v", now=now + timedelta(seconds=9))
    assert confirm_visit(clicks[1].pk, visitor="v", now=now + timedelta(seconds=10))
