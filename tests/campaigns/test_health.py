from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from campaigns.models import Heartbeat, Message, Purpose


@pytest.fixture
def alive(db):
    Heartbeat.objects.beat("worker", now=timezone.now())


def queued(minutes_ago: int) -> Message:
    at = timezone.now() - timedelta(minutes=minutes_ago)
    return Message.objects.create(
        key=f"test:{minutes_ago}", purpose=Purpose.SIGN_IN, language="en", due_at=at, created_at=at
    )


def test_the_process_answers_without_any_query_by_any_host_name(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    response = client.get("/healthz/", headers={"host": "10.0.0.7"})

    assert (response.status_code, response.content) == (200, b"ok\n")
    assert response["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"


def test_ready_when_the_worker_lives_and_mail_leaves(client, alive, django_assert_num_queries):
    queued(minutes_ago=1)

    with django_assert_num_queries(5):
        response = client.get("/readyz/", headers={"host": "10.0.0.7"})

    answer = response.json()
    assert (response.status_code, answer["ok"]) == (200, True)
    assert answer["migrations"] == {"ok": True, "unapplied": 0}
    assert answer["outbox"]["due"] == 1
    assert answer["outbox"]["last_24_hours"] == {"queued": 1}


def test_not_ready_when_no_worker_was_ever_heard(client, db):
    response = client.get("/readyz/")

    assert response.status_code == 503
    assert response.json()["worker"] == {"ok": False, "seconds_since_heartbeat": None}


def test_not_ready_when_the_worker_missed_its_beats(client, db):
    Heartbeat.objects.beat("worker", now=timezone.now() - timedelta(minutes=4))

    response = client.get("/readyz/")

    assert response.status_code == 503
    assert response.json()["worker"]["ok"] is False


def test_not_ready_when_a_message_waits_for_a_quarter_of_an_hour(client, alive):
    queued(minutes_ago=16)

    response = client.get("/readyz/")

    assert response.status_code == 503
    assert response.json()["outbox"]["seconds_late"] >= 16 * 60


def test_not_ready_while_a_migration_is_missing(client, alive):
    MigrationRecorder(connection).record_unapplied("campaigns", "0001_initial")

    response = client.get("/readyz/")

    assert response.status_code == 503
    assert response.json()["migrations"] == {"ok": False, "unapplied": 1}
    assert "outbox" not in response.json()


def test_not_ready_without_a_database(client, db):
    def away(*args: object) -> None:
        raise OperationalError("connection refused")

    with connection.execute_wrapper(away):
        response = client.get("/readyz/")

    assert (response.status_code, response.json()) == (503, {"ok": False, "database": {"ok": False}})


@pytest.mark.parametrize("address", ["/healthz/", "/readyz/"])
def test_monitors_only_look(client, address):
    assert client.post(address).status_code == 405
