"""Records one sale by API and one form, each twice, for the yardsticks that replay them."""

import pickle
from pathlib import Path
from typing import Any

from django.core.management.color import no_style
from django.db import connection
from django.test import Client

from campaigns.bench.fill import APART, NOW, enrol_many, name_friends
from campaigns.bench.hammer import friend_form, sale_body
from campaigns.bench.replay import LARGE, Facts, Replay, Statement, record
from referrals.models import Advocate, Conversion, Enrolment, Program, Referral
from referrals.public_ids import public_id

PLACE = {"place": "pk", "code": "code", "token": "token", "advocate": "advocate"}
Recorded = tuple[list[Statement], Facts]


def record_requests(directory: str, key: str, question: int) -> None:
    """Write the recordings into ``directory``, where the yardsticks look for them."""
    places = enrol_many(Program.objects.get(), 4, "recorded", first=LARGE)
    *friends, sold = name_friends(places[:2], 3, "friend-recorded", first=LARGE + 2 * APART)
    Conversion.objects.create(
        pk=LARGE + 3 * APART, program_id=sold.program_id, referral=sold, external_id="recorded", amount=12900,
        currency="EUR", occurred_at=NOW, recorded_at=NOW,
    )  # fmt: skip
    if statements := connection.ops.sequence_reset_sql(no_style(), [Advocate, Conversion, Referral]):
        with connection.cursor() as cursor:
            cursor.execute("".join(statements))
    client = Client(SERVER_NAME="localhost", headers={"User-Agent": "Mozilla/5.0 Firefox/128.0"})
    recorded = {
        "sale": [_sale(client, friend, key) for friend in friends],
        "form": [_form(client, place, question) for place in places[2:]],
    }
    (Path(directory) / "recorded.pickle").write_bytes(pickle.dumps(recorded))


def replays(directory: str) -> dict[str, Replay]:
    """What was recorded, ready to be run again."""
    # Written a minute ago by the bench itself.
    recorded = pickle.loads((Path(directory) / "recorded.pickle").read_bytes())  # noqa: S301
    return {name: Replay(one, other, facts) for name, ((one, facts), (other, _facts)) in recorded.items()}


def facts_by_friend() -> dict[int, dict[str, Any]]:
    """What belongs to each friend who may buy, and to who recommended them."""
    return {row["friend"]: row for row in _friends(Referral.objects.all())}


def facts_by_token() -> dict[str, dict[str, Any]]:
    """What belongs to each advocate who may send in a form."""
    return {row["token"]: row for row in _places(Enrolment.objects.all())}


def _friends(rows: Any) -> Any:
    names = ("pk", "email", "email_key", "token", "enrolment", "enrolment__advocate")
    told = ("friend", "friend_email", "friend_key", "friend_token", "place", "advocate")
    owner = (
        "enrolment__code",
        "enrolment__token",
        "enrolment__advocate__email",
        "enrolment__advocate__email_key",
    )
    columns = (*told, "code", "token", "email", "key")
    return [dict(zip(columns, row, strict=True)) for row in rows.values_list(*names, *owner)]


def _places(rows: Any) -> Any:
    names = ("pk", "code", "token", "advocate", "advocate__email", "advocate__email_key")
    columns = ("place", "code", "token", "advocate", "email", "key")
    return [dict(zip(columns, row, strict=True)) for row in rows.values_list(*names)]


def _sale(client: Client, friend: Referral, key: str) -> Recorded:
    [facts] = _friends(Referral.objects.filter(pk=friend.pk))
    order = f"recorded-{friend.pk}"
    body, sent = sale_body(public_id("ref", friend.pk), order), {"Authorization": f"Bearer {key}"}
    statements = record(
        lambda: _answered(
            client.post(
                "/api/v1/conversions", body, content_type="application/json",
                headers=sent | {"Idempotency-Key": order},
            ), 201,
        )
    )  # fmt: skip
    return statements, facts | {"order": order}


def _form(client: Client, place: Enrolment, question: int) -> Recorded:
    [facts] = _places(Enrolment.objects.filter(pk=place.pk))
    form = friend_form(f"recorded{place.pk}", question)
    statements = record(lambda: _answered(client.post(f"/a/{place.token}/", form), 302))
    return statements, facts | {"friend_name": form["friend1-name"], "friend_email": form["friend1-email"]}


def _answered(response: Any, status: int) -> None:
    if response.status_code != status:
        raise RuntimeError(
            f"A request to be recorded was answered with {response.status_code}: {response.content[:300]!r}"
        )
