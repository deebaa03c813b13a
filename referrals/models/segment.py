from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from simple_history.models import HistoricalRecords

from referrals.conditions import CONDITIONS, check_rows
from referrals.models.advocate import Advocate, Enrolment
from referrals.models.program import Program, ScopedQuerySet


class SegmentQuerySet(ScopedQuerySet):
    def for_staff(self, user: Any) -> "SegmentQuerySet":
        """Those of the staff member's programs, and those of the whole company."""
        if user.is_superuser:
            return self
        return self.filter(Q(program=None) | Q(program__in=Program.objects.for_staff(user)))

    def by_conditions(self) -> "SegmentQuerySet":
        return self.filter(kind=Segment.Kind.CONDITIONS)

    def inner_circles(self) -> "SegmentQuerySet":
        return self.filter(kind=Segment.Kind.INNER_CIRCLE)


class Segment(models.Model):
    """A group of people with a name: by conditions, or – the inner circle – picked one by one."""

    class Kind(models.TextChoices):
        CONDITIONS = "conditions", gettext_lazy("by conditions")
        INNER_CIRCLE = "inner_circle", gettext_lazy("inner circle, picked by hand")

    class Match(models.TextChoices):
        ALL = "all", gettext_lazy("all of these are true")
        ANY = "any", gettext_lazy("at least one of these is true")

    name = models.CharField(gettext_lazy("name"), max_length=80)
    program = models.ForeignKey(
        Program,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="segments",
        verbose_name=gettext_lazy("program"),
        help_text=gettext_lazy("Its people, and those in no program yet. Empty: everyone you know."),
    )
    kind = models.CharField(gettext_lazy("kind"), max_length=15, choices=Kind, default=Kind.CONDITIONS)
    match = models.CharField(gettext_lazy("who is in it"), max_length=3, choices=Match, default=Match.ALL)
    conditions = models.JSONField(
        gettext_lazy("conditions"), default=list, blank=True, validators=[check_rows]
    )
    size = models.PositiveIntegerField(gettext_lazy("people"), null=True, editable=False)
    sized_at = models.DateTimeField(gettext_lazy("counted"), null=True, editable=False)

    objects = SegmentQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["size", "sized_at"])

    class Meta:
        verbose_name = gettext_lazy("segment")
        verbose_name_plural = gettext_lazy("segments")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "name"],
                name="segment_name_once",
                violation_error_message=gettext_lazy("There is a segment of this name already. Change that one."),
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(program=None),
                name="segment_name_once_of_company",
                violation_error_message=gettext_lazy(
                    "There is a segment of this name already. Change that one."
                ),
            ),
            models.UniqueConstraint(
                fields=["program"], condition=Q(kind="inner_circle"), name="segment_one_inner_circle"
            ),
            models.CheckConstraint(
                condition=Q(kind="conditions") | Q(program__isnull=False), name="segment_inner_circle_of_program"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    def members(self, now: datetime) -> Any:
        """Who is in it at this moment; facts are at most a minute old. Everyone, if nothing is asked."""
        return Advocate.objects.in_segment(self, now)

    def asks(self, now: datetime) -> Q:
        """What is true of its people, as a condition on advocates. Conditions never let anybody into the
        inner circle: only what a person picked does."""
        if self.kind == self.Kind.INNER_CIRCLE:
            return Q(Exists(Pick.objects.filter(segment=self.pk, advocate=OuterRef("pk"))))
        found = Q()
        for row in self.conditions:
            asked = CONDITIONS[row["field"]].asks(row, now)
            found = found & asked if self.match == self.Match.ALL else found | asked
        return found & self._within_reach()

    def _within_reach(self) -> Q:
        """The program's people and those in none; other programs' people belong to others."""
        if self.program_id is None:
            return Q()
        places = Enrolment.objects.filter(advocate=OuterRef("pk"))
        return Q(Exists(places.filter(program=self.program_id))) | ~Q(Exists(places))

    @property
    def sentence(self) -> str:
        """Who is in it, in words."""
        if self.kind == self.Kind.INNER_CIRCLE:
            return _("The people you picked by hand. They are asked first.")
        words = [CONDITIONS[row["field"]].say(row) for row in self.conditions]
        joined = (_(", and ") if self.match == self.Match.ALL else _(", or ")).join(words)
        said = {"program": self.program, "conditions": joined}
        if self.program_id:
            asked = _("People of %(program)s, or of no program yet, who %(conditions)s.") % said
            return asked if words else _("Everyone of %(program)s, or of no program yet.") % said
        return _("People who %(conditions)s.") % said if words else _("Everyone you know.")


class PickQuerySet(ScopedQuerySet):
    program_path = "segment__program"


class Pick(models.Model):
    """Somebody in the inner circle, and who put them there."""

    segment = models.ForeignKey(
        Segment, models.CASCADE, related_name="picks", verbose_name=gettext_lazy("segment")
    )
    advocate = models.ForeignKey(
        Advocate, models.CASCADE, related_name="picks", verbose_name=gettext_lazy("advocate")
    )
    # Protected: a place in the inner circle without a person behind it would be an automatic one.
    picked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=gettext_lazy("picked by")
    )
    picked_at = models.DateTimeField(gettext_lazy("picked"))

    objects = PickQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("place in the inner circle")
        verbose_name_plural = gettext_lazy("places in the inner circle")
        constraints = [models.UniqueConstraint(fields=["segment", "advocate"], name="pick_once")]

    def __str__(self) -> str:
        return str(self.advocate)
