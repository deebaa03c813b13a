from datetime import datetime, timedelta

from django.db import connection, models

from referrals.contacts import keyed_hash


class LimitManager(models.Manager["Limit"]):
    def take(self, name: str, who: str, *, count: int = 1, limit: int, per: timedelta, now: datetime) -> bool:
        """Use ``count`` of the ``limit`` that ``who`` has of ``name`` in a window of ``per``; False when used up.

        One statement, counted in the database: it holds across processes and restarts. Windows are fixed:
        the count begins anew every ``per``, counted from the epoch.
        """
        window = int(now.timestamp() // per.total_seconds())
        key = keyed_hash(f"{name}:{who}:{window}")
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO referrals_limit (key, used, expires_at) VALUES (%s, %s, %s) "
                "ON CONFLICT (key) DO UPDATE SET used = referrals_limit.used + excluded.used RETURNING used",
                [key, count, now + per],
            )
            used: int = cursor.fetchone()[0]
        return used <= limit


class Limit(models.Model):
    """How much of an allowance has been used in one window of time."""

    key = models.CharField(max_length=32, primary_key=True)
    used = models.PositiveIntegerField()
    # purging windows that are over
    expires_at = models.DateTimeField(db_index=True)

    objects = LimitManager()

    def __str__(self) -> str:
        return self.key
