from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from referrals.cells import DateOrder
from referrals.models.program import Program, ScopedQuerySet

LEASE = timedelta(minutes=5)
MOST_ATTEMPTS = 3
KEPT = timedelta(hours=24)


class ImportFileQuerySet(ScopedQuerySet):
    def for_staff(self, user: Any) -> "ImportFileQuerySet":
        """Whoever uploaded a file, and nobody else: it is full of people whom it may not be about here."""
        return self.filter(uploaded_by=user)

    def light(self) -> "ImportFileQuerySet":
        """Without the file itself."""
        return self.defer("content")

    def due(self, now: datetime) -> "ImportFileQuerySet":
        """Those for the worker: nobody has them in hand, or whoever had them has died."""
        free = Q(lease=None) | Q(lease__lte=now)
        return self.filter(free, status__in=ImportFile.FOR_WORKER, attempts__lt=MOST_ATTEMPTS)

    def hopeless(self, now: datetime) -> "ImportFileQuerySet":
        """Those over which the worker has died again and again."""
        return self.filter(status__in=ImportFile.FOR_WORKER, attempts__gte=MOST_ATTEMPTS, lease__lte=now)

    def claim(self, now: datetime) -> "ImportFile | None":
        """One that is due, which is the caller's from now on for as long as the lease."""
        for pk in self.due(now).order_by("uploaded_at").values_list("pk", flat=True):
            claimed = self.due(now).filter(pk=pk)
            if claimed.update(lease=now + LEASE, attempts=F("attempts") + 1, progress=0):
                return self.select_related("program", "uploaded_by").get(pk=pk)
        return None

    def advance(self, to: str, **changes: Any) -> bool:
        """Move these ``to`` where their status allows it, and say whether there was one to move."""
        before = [status for status, allowed in ImportFile.TRANSITIONS.items() if to in allowed]
        changes |= {"status": to, "lease": None, "attempts": 0, "progress": 0}
        return bool(self.filter(status__in=before).update(**changes))

    def expired(self, now: datetime) -> "ImportFileQuerySet":
        return self.filter(uploaded_at__lte=now - KEPT)


class ImportFile(models.Model):
    """A file that somebody uploaded: read by the worker, looked at by them, then imported; gone after a day."""

    class Status(models.TextChoices):
        UPLOADED = "uploaded", _("being read")
        READ = "read", _("to be looked at")
        APPLYING = "applying", _("being imported")
        DONE = "done", _("imported")
        REFUSED = "refused", _("cannot be used")

    TRANSITIONS = {
        Status.UPLOADED: {Status.READ, Status.REFUSED},
        Status.READ: {Status.UPLOADED, Status.APPLYING},
        Status.APPLYING: {Status.DONE, Status.READ, Status.REFUSED},
    }
    FOR_WORKER = (Status.UPLOADED, Status.APPLYING)
    PEOPLE, SALES, LEADS = "people", "sales", "leads"

    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    uploaded_at = models.DateTimeField()
    name = models.CharField(_("file"), max_length=100)
    content = models.BinaryField()
    # People, or what happened to them.
    what = models.CharField(_("what it holds"), max_length=40)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.UPLOADED)
    lease = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    progress = models.PositiveSmallIntegerField(default=0, editable=False)
    # column → what is read from it; empty until it has been guessed, remembered or chosen.
    columns = models.JSONField(default=dict)
    program = models.ForeignKey(Program, models.CASCADE, null=True, blank=True, verbose_name=_("program"))
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    # Why nothing is to be written to the addresses in it, if that is what it holds.
    why = models.CharField(_("reason"), max_length=15, blank=True)
    dates = models.CharField(_("dates"), max_length=5, choices=DateOrder, blank=True)
    create_advocates = models.BooleanField(_("take in whoever is not known yet"), default=False)
    leave_out_faults = models.BooleanField(_("leave out the refused rows"), default=False)
    # What the worker found: where the file is from, examples of each column, counts, changes, refused rows.
    found = models.JSONField(default=dict)
    reason = models.TextField(blank=True)

    objects = ImportFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("imported file")
        verbose_name_plural = _("imported files")
        indexes = [
            # what the worker looks for each minute
            models.Index(
                fields=["uploaded_at"],
                condition=Q(status__in=["uploaded", "applying"]),
                name="import_file_due",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_people(self) -> bool:
        return self.what == self.PEOPLE

    @property
    def in_hand(self) -> bool:
        """Whether the worker has something to do with it."""
        return self.status in self.FOR_WORKER


class ImportMapping(models.Model):
    """What somebody chose for the columns of a file, for the next one with the same header or from the same source."""

    what = models.CharField(max_length=40)
    # The system that writes such files; empty for a spreadsheet of somebody's own.
    source = models.CharField(max_length=40, blank=True)
    fingerprint = models.CharField(max_length=64)
    columns = models.JSONField()
    # Of the whole file: how amounts, phone numbers and dates are read, and whether strangers are taken in.
    choices = models.JSONField(default=dict)
    used_at = models.DateTimeField()

    class Meta:
        verbose_name = _("remembered columns")
        verbose_name_plural = _("remembered columns")
        constraints = [
            models.UniqueConstraint(fields=["fingerprint", "what"], name="import_mapping_once"),
        ]
        indexes = [
            # what was chosen last for files of a source
            models.Index(fields=["what", "source", "-used_at"], name="import_mapping_source"),
        ]

    def __str__(self) -> str:
        return self.fingerprint[:8]
