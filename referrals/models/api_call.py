from datetime import datetime, timedelta
from hashlib import sha256

from django.db import models
from uuid6 import uuid7

from referrals.locks import try_hold
from referrals.models.api_key import ApiKey
from referrals.upsert import insert_new

KEPT_FOR = timedelta(hours=24)


class StillRunning(Exception):
    """The same call is being answered at this moment."""


class ApiCallManager(models.Manager["ApiCall"]):
    def begin(self, key: ApiKey, name: str, sent: bytes, *, now: datetime) -> tuple["ApiCall", bool]:
        """The call of this name, and whether it is the first: insert first, and whoever finds the own row
        may act. To be called in the transaction of its effect; raises StillRunning while another has it."""
        row = ApiCall(key=key, name=name, digest=sha256(sent).hexdigest(), at=now)
        if not try_hold(f"call:{key.pk}:{name}"):
            raise StillRunning
        if insert_new([row]):
            return row, True
        return self.get(key=key, name=name), False

    def forget(self, public_id: str) -> None:
        """Delete the answers that speak of this row: what a person wants forgotten is in none of them."""
        self.filter(answer__contains=public_id).delete()


class ApiCall(models.Model):
    """What was answered to a call that carried an Idempotency-Key, for whoever has to ask again."""

    # Made before the row is stored: whoever finds the own one in the table was first.
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.ForeignKey(ApiKey, models.CASCADE, db_index=False)
    name = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.TextField(blank=True)
    # purging what is a day old
    at = models.DateTimeField(db_index=True)

    objects = ApiCallManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "name"], name="api_call_once")]

    def __str__(self) -> str:
        return self.name

    def is_of(self, sent: bytes) -> bool:
        """Whether this very call was sent, and not another under the same name."""
        return self.digest == sha256(sent).hexdigest()

    def keep(self, status: int, answer: str) -> None:
        """Remember what was answered."""
        ApiCall.objects.filter(pk=self.pk).update(status=status, answer=answer)
