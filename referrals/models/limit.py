from datetime import datetime, timedelta

from django.db import connection, models

from referrals.contacts import keyed_hash


class LimitManager(models.Manager["Limit"]):
    def take(self, name: str, who: str, *, limit: int, per: timedelta, now: datetime) -> bool:
        """Use one of the ``limit`` that ``who`` has of ``name`` in a window of ``per``; False when used up.

        Counted in the database: it holds across processes and restarts. Windows are fixed: the count
        begins anew every ``per``, counted from the epoch.
        """
        return self.take_all(name, who, {per: limit}, now=now)

    def take_all(self, name: str, who: str, limits: dict[timedelta, int], *, now: datetime) -> bool:
        """The same for several windows at once, in one statement; False when one of them is used up."""
        keys = {
            keyed_hash(f"{name}:{who}:{per}:{now.timestamp() // per.total_seconds()}"): per for per in limits
        }
        rows = [value for key, per in keys.items() for value in (key, 1, now + per)]
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO referrals_limit (key, used, expires_at) VALUES {', '.join(['(%s, %s, %s)'] * len(keys))} "  # noqa: S608 - only marks
                "ON CONFLICT (key) DO UPDATE SET used = referrals_limit.used + excluded.used RETURNING key, used",
                rows,
            )
            return all(used <= limits[keys[key]] for key, used in cursor.fetchall())


class Limit(models.Model):
    """How much of an allowance has been used in one window of time."""

    key = models.CharField(max_length=32, primary_key=True)
    used = models.PositiveIntegerField()
    # purging windows that are over
    expires_at = models.DateTimeField(db_index=True)

    objects = LimitManager()

    def __str__(self) -> str:
        return self.key
