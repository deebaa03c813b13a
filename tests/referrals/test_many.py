"""Many rows saved at once, each with values of its own."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DataError, connection

from campaigns.models import Message
from referrals.many import save_many
from tests.factories import NOW, MessageFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("count", "waits"), [(1, True), (3, False), (30, False)])
def test_each_row_gets_its_own_values_and_nothing_else_changes(count, waits, django_assert_max_num_queries):
    rows = MessageFactory.create_batch(count)
    for number, row in enumerate(rows):
        row.reason, row.sent_at, row.context = f"it's {number}%", NOW + timedelta(days=number), {"n": number}
        row.subject = "not to be saved"

    # On SQLite the transaction, and one call for all.
    with django_assert_max_num_queries(1 if connection.vendor == "postgresql" else 1 + count):
        assert save_many(rows, ["reason", "sent_at", "context"], waits=waits) == count

    stored = Message.objects.in_bulk([row.pk for row in rows])
    for number, row in enumerate(rows):
        one = stored[row.pk]
        assert (one.reason, one.sent_at, one.context, one.subject) == (
            f"it's {number}%", NOW + timedelta(days=number), {"n": number}, "",
        )  # fmt: skip


def test_a_row_whose_key_has_changed_is_left_alone():
    kept, lost = MessageFactory.create_batch(2, lease=uuid4(), lease_until=NOW)
    Message.objects.filter(pk=lost.pk).update(lease=uuid4())
    for row in (kept, lost):
        row.reason, row.sent_at = "done", None

    assert save_many([kept, lost], ["reason", "sent_at"], keys=["id", "lease"]) == 1
    assert sorted(Message.objects.values_list("reason", flat=True)) == ["", "done"]


def test_nothing_to_save_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert save_many([], ["reason"]) == 0


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite takes texts of any length")
def test_a_text_that_is_too_long_is_refused_and_not_cut():
    message = MessageFactory()
    message.reason = "x" * 301

    with pytest.raises(DataError):
        save_many([message], ["reason"])
