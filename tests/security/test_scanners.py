"""A mail scanner opens every link of every mail, and prefetches, before anybody reads: nothing may change."""

import re
from collections import defaultdict
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.urls import resolve

from campaigns.demo.telling import found_demo
from campaigns.models import Message
from campaigns.services.bank import load_bank
from referrals.models import Click, Enrolment
from referrals.roles import sync_roles

pytestmark = pytest.mark.django_db
LINK = re.compile(re.escape(settings.BASE_URL) + r"(/[^\s\"'<>)]*)")
SCANNER = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"
# Some scanners look like a reader's browser, but run no script.
DISGUISED = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0"
# The count of unknown links that one network tried.
COUNTERS = {"referrals_limit", "sqlite_sequence"}


@pytest.fixture(scope="module")
def mailed_links(django_db_setup, django_db_blocker):
    """Addresses of each kind in any message of the demo company, text and HTML."""
    with django_db_blocker.unblock(), transaction.atomic():
        load_bank()
        sync_roles()
        found_demo(password="a-long-password", now=datetime(2026, 3, 4, 15, 0, tzinfo=UTC))
        # Those that advocates pass on, too.
        found = {f"/r/{code}/" for code in Enrolment.objects.values_list("code", flat=True)}
        for words in Message.objects.values_list("text", "html"):
            found |= {link.replace("&amp;", "&") for text in words for link in LINK.findall(text)}
        yield a_few_of_each_kind(sorted(found))
        transaction.set_rollback(True)


def a_few_of_each_kind(links):
    """Up to eight of those that one view answers: the hundredth invitation opens as the first."""
    kinds = defaultdict(list)
    for link in links:
        kinds[resolve(link.partition("?")[0]).view_name].append(link)
    return [link for kind in kinds.values() for link in kind[:: len(kind) // 8 + 1]]


def everything_stored():
    with connection.cursor() as cursor:
        rows = {}
        for table in set(connection.introspection.table_names(cursor)) - COUNTERS:
            cursor.execute(f'SELECT * FROM "{table}"')
            rows[table] = sorted(map(str, cursor.fetchall()))
    return rows


@pytest.mark.parametrize("reader", [SCANNER, DISGUISED], ids=["scanner", "disguised"])
@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_opening_every_mailed_link_changes_nothing(mailed_links, method, reader):
    assert {link.split("/")[1] for link in mailed_links} >= {"a", "f", "r", "u", "me", "admin"}
    before, clicks = everything_stored(), set(Click.objects.values_list("pk", flat=True))
    scanner = Client(HTTP_USER_AGENT=reader)

    answers = {getattr(scanner, method)(link).status_code for link in mailed_links}

    after = everything_stored()
    assert answers <= {200, 302, 404, 405}
    assert {table for table in before if before[table] != after[table]} <= {"referrals_click"}
    new = Click.objects.exclude(pk__in=clicks)
    assert set(new.values_list("confirmed_at", flat=True)) <= {None}
    assert reader == DISGUISED or set(new.values_list("is_bot", flat=True)) <= {True}
