from datetime import UTC, datetime, timedelta

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from referrals.contacts import keyed_hash

EPOCH, A_MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
# A new row has lost one drop. One more fits in unless the bucket would be full only after its whole time.
TAKE = """
INSERT INTO referrals_limit (key, full_at, one_in, all_in, is_refused) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET
    is_refused = referrals_limit.full_at + 2 * excluded.one_in > excluded.full_at + excluded.all_in,
    full_at = CASE
        WHEN referrals_limit.full_at + 2 * excluded.one_in > excluded.full_at + excluded.all_in
        THEN referrals_limit.full_at
        WHEN referrals_limit.full_at + excluded.one_in > excluded.full_at
        THEN referrals_limit.full_at + excluded.one_in
        ELSE excluded.full_at
    END,
    one_in = excluded.one_in, all_in = excluded.all_in
RETURNING full_at + one_in - all_in, is_refused
"""


class LimitManager(models.Manager["Limit"]):
    def full(self, now: datetime) -> "models.QuerySet[Limit]":
        """Buckets of which nothing is missing: no row says the same."""
        return self.filter(full_at__lte=(now - EPOCH) // A_MICROSECOND)

    def take(self, name: str, who: str, *, limit: int, per: timedelta, now: datetime) -> bool:
        """Use one of the ``limit`` that ``who`` has of ``name`` in ``per``; False when none is left."""
        return self.wait(name, who, {per: limit}, now=now) is None

    def wait(self, name: str, who: str, limits: dict[timedelta, int], *, now: datetime) -> timedelta | None:
        """Use one of each of these allowances; None if there was one of each, else how long until there is.

        Each is a bucket, full at first, that fills again drop by drop, so that the whole of it is back after its
        time. One that refuses loses nothing. Counted in the database in one statement: it holds across
        processes and restarts.
        """
        moment = (now - EPOCH) // A_MICROSECOND
        rows: list[str | int] = []
        for per, limit in limits.items():
            one_in = per // A_MICROSECOND // limit
            rows += [keyed_hash(f"{name}:{who}:{per}"), moment + one_in, one_in, one_in * limit, False]
        with connection.cursor() as cursor:
            cursor.execute(TAKE.format(rows=", ".join(["(%s, %s, %s, %s, %s)"] * len(limits))), rows)
            free_at = [free for free, is_refused in cursor.fetchall() if is_refused]
        return timedelta(microseconds=max(free_at) - moment) if free_at else None


class Limit(models.Model):
    """A bucket of something that may be done so and so often; moments and times in microseconds, since 1970."""

    key = models.CharField(max_length=32, primary_key=True)
    # One that is full is as good as none: purged.
    full_at = models.BigIntegerField(_("full again"), db_index=True)
    one_in = models.BigIntegerField(_("one drop takes"))
    all_in = models.BigIntegerField(_("all of it takes"))
    is_refused = models.BooleanField(_("refused the last one"))

    objects = LimitManager()

    def __str__(self) -> str:
        return self.key
