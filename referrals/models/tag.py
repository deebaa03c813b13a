from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from referrals.models.advocate import Advocate
from referrals.models.program import ScopedQuerySet


class TagQuerySet(models.QuerySet["Tag"]):
    def for_staff(self, user: object) -> "TagQuerySet":
        """Tags belong to the company, as its people do."""
        return self

    def called(self, names: Iterable[str]) -> "dict[str, Tag]":
        """Those of these names that are here, by their small letters."""
        small = {name.lower() for name in names}
        # A company has some dozens; compared here, databases need not agree on what a small letter is.
        return {name: tag for tag in self if (name := tag.name.lower()) in small} if small else {}


class Tag(models.Model):
    """A word that staff or another system put on people."""

    name = models.CharField(_("name"), max_length=60)
    people = models.ManyToManyField(Advocate, through="referrals.Tagging", related_name="tags")

    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="tag_once",
                violation_error_message=_("There is a tag of this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class TaggingQuerySet(ScopedQuerySet):
    program_path = "advocate__enrolments__program"


class Tagging(models.Model):
    """A tag on a person: since when, and who put it there."""

    advocate = models.ForeignKey(
        Advocate, models.CASCADE, related_name="taggings", verbose_name=_("advocate")
    )
    tag = models.ForeignKey(
        Tag, models.CASCADE, related_name="taggings", db_index=False, verbose_name=_("tag")
    )
    added_at = models.DateTimeField(_("since"))
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    objects = TaggingQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag of a person")
        verbose_name_plural = _("tags of people")
        constraints = [
            # also serves “who bears this tag”, for segments
            models.UniqueConstraint(fields=["tag", "advocate"], name="tagging_once"),
        ]

    def __str__(self) -> str:
        return str(self.tag)
