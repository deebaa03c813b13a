"""The words of a program that customers read, beside what they are in another language."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import TextField
from django.utils.translation import gettext_lazy as _

from campaigns.models import ReviewPlace
from referrals.models import IdealCustomerProfile, Program, Question
from referrals.models.translated import Translated
from rewards.models import Charity, Contest, Incentive, Tier

# The newest of each kind, where there are so many.
MOST = 60
LABELS = {"labels": _("answers"), "text": _("question")}


class Part(NamedTuple):
    """Where customers read words of a program, such as its rewards."""

    name: Any
    rows: Any

    def of(self, program: Program) -> list[Translated]:
        found = self.rows.filter(**{self.rows.program_path: program.pk})
        return list(reversed(found.order_by("-pk")[:MOST]))


def parts() -> tuple[Part, ...]:
    return (
        Part(_("The promise"), Program.objects.all()),
        Part(_("Who is a good fit"), IdealCustomerProfile.objects.all()),
        Part(_("Questions about the friend"), Question.objects.all()),
        Part(_("What people get"), Incentive.objects.filter(active=True)),
        Part(_("The ladder"), Tier.objects.all()),
        Part(_("Contests"), Contest.objects.filter(drawn_at=None)),
        Part(_("Charities"), Charity.objects.filter(active=True)),
        Part(_("Where to leave a review"), ReviewPlace.objects.filter(is_active=True)),
    )


class Text(NamedTuple):
    """One text, what it is in the other language, and whether that is a translation of earlier words."""

    row: Translated
    field: str
    original: str
    words: str
    earlier: str

    @property
    def key(self) -> str:
        return f"{self.row._meta.model_name}-{self.row.pk}-{self.field}"

    @property
    def label(self) -> Any:
        return LABELS.get(self.field) or self.row._meta.get_field(self.field).verbose_name  # type: ignore[union-attr]

    @property
    def longest(self) -> int:
        """How long it may be: other languages need more room than the original had."""
        source = {"labels": "choices"}.get(self.field, self.field)
        return 2 * int(self.row._meta.get_field(source).max_length or 0)  # type: ignore[union-attr]

    @property
    def has_lines(self) -> bool:
        return self.field == "labels" or isinstance(self.row._meta.get_field(self.field), TextField)

    @property
    def is_done(self) -> bool:
        return bool(self.words) and not self.earlier


class Group(NamedTuple):
    name: Any
    texts: list[Text]


def texts_of(program: Program, language: str) -> list[Group]:
    """All that customers read of this program, part by part; a query for each."""
    found = (
        (part.name, [text for row in part.of(program) for text in _texts(row, language)]) for part in parts()
    )
    return [Group(name, texts) for name, texts in found if texts]


class Coverage(NamedTuple):
    """How much is translated into a language, and how much of that is of earlier words."""

    language: str
    done: int
    outdated: int
    total: int


def coverage_of(program: Program) -> list[Coverage]:
    """For every language but the program's own; as many queries as for one."""
    rows = rows_of(program)
    return [_coverage(rows, language) for language in other_languages(program)]


def rows_of(program: Program) -> list[Translated]:
    """Every row of it with words for customers; a query for each part."""
    return [row for part in parts() for row in part.of(program)]


def other_languages(program: Program) -> list[str]:
    return [code for code, _name in settings.LANGUAGES if code != program.language]


def keep_translations(program: Program, language: str, words: Mapping[str, str], *, by: Any) -> int:
    """Keep the words given for these texts (by key); of other programs' and unknown ones nothing. Returns how many
    texts were changed."""
    count = 0
    with transaction.atomic():
        for row in rows_of(program):
            given = {text.field: words[text.key] for text in _texts(row, language) if text.key in words}
            if given:
                _keep(row, language, given, by)
                count += len(given)
    return count


def _keep(row: Translated, language: str, given: Mapping[str, str], by: Any) -> None:
    # As it stands now, with what a colleague wrote meanwhile.
    fresh: Any = type(row)._default_manager.select_for_update().get(pk=row.pk)
    for field, words in given.items():
        fresh.translate(field, language, words)
    fresh._history_user = by
    fresh.save(update_fields=["translations"])


def _texts(row: Translated, language: str) -> Iterator[Text]:
    theirs = row.translations.get(language, {})
    for field in row.TRANSLATED:
        original = getattr(row, field)
        if original:
            found = theirs.get(field, {"words": "", "of": original})
            yield Text(row, field, original, found["words"], found["of"] if found["of"] != original else "")


def _coverage(rows: Iterable[Translated], language: str) -> Coverage:
    texts = [text for row in rows for text in _texts(row, language)]
    return Coverage(language, sum(t.is_done for t in texts), sum(bool(t.earlier) for t in texts), len(texts))
