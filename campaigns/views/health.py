"""What monitors ask. Both answer by any host name, without TLS and without a session."""

from datetime import datetime, timedelta
from typing import Any

from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from campaigns.models import Heartbeat, Message
from campaigns.models.heartbeat import LATE_AFTER

# A message that was due longer ago is not on its way: nobody is sending.
OUTBOX_LATE_AFTER = timedelta(minutes=15)
LOOK_BACK = timedelta(days=1)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is alive; asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether the product can do its work: database, migrations, worker and outbox; 503 when one of them cannot."""
    try:
        checks = _checks(timezone.now())
    except Error:
        checks = {"database": {"ok": False}}
    ok = all(check["ok"] for check in checks.values())
    return JsonResponse({"ok": ok, **checks}, status=200 if ok else 503)


def _checks(now: datetime) -> dict[str, dict[str, Any]]:
    missing = _unapplied_migrations()
    checks: dict[str, dict[str, Any]] = {
        "database": {"ok": True},
        "migrations": {"ok": not missing, "unapplied": missing},
    }
    # Without its tables nothing else can be asked.
    return checks if missing else checks | {"worker": _worker(now), "outbox": _outbox(now)}


def _unapplied_migrations() -> int:
    loader = MigrationLoader(connection)
    return len(set(loader.disk_migrations or ()) - set(loader.applied_migrations or ()))


def _worker(now: datetime) -> dict[str, Any]:
    beat_at = Heartbeat.objects.filter(name="worker").values_list("beat_at", flat=True).first()
    if beat_at is None:
        return {"ok": False, "seconds_since_heartbeat": None}
    return {"ok": now - beat_at < LATE_AFTER, "seconds_since_heartbeat": int((now - beat_at).total_seconds())}


def _outbox(now: datetime) -> dict[str, Any]:
    due = Message.objects.due(now).aggregate(count=Count("pk"), oldest=Min("due_at"))
    lag = now - due["oldest"] if due["oldest"] else timedelta(0)
    recent = Message.objects.filter(created_at__gt=now - LOOK_BACK)
    counts = dict(recent.order_by().values_list("status").annotate(Count("pk")))
    return {
        "ok": lag < OUTBOX_LATE_AFTER,
        "due": due["count"],
        "seconds_late": int(lag.total_seconds()),
        "last_24_hours": counts,
    }
