"""“In other languages”: what customers read of a program, beside what they read in another language."""

from typing import Any, NamedTuple
from urllib.parse import urlencode
from zlib import crc32

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.services.other_languages import (
    Group,
    Text,
    coverage_of,
    keep_translations,
    other_languages,
    texts_of,
)
from referrals.admin.cells import status_word
from referrals.admin.chosen import chosen_of
from referrals.admin.scoped import asker
from referrals.contacts import refuse_unseen
from referrals.models import Program
from referrals.models.translated import lines_of
from referrals.roles import programs_granting

NAMES = dict(settings.LANGUAGES)
# So much of a text stands on one line of its box, and so much longer it may be in another language.
WIDE, GROWS = 45, 1.3


class Line(NamedTuple):
    """A text with the fields in which it is translated."""

    text: Text
    words: forms.BoundField
    seen: forms.BoundField
    still_right: forms.BoundField | None


class TranslationForm(forms.Form):
    """All texts of a program in one language. Beside each stands which words were on the page: who translates what
    somebody else has just changed is told so."""

    def __init__(self, groups: list[Group], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups, self.texts = groups, [text for group in groups for text in group.texts]
        for text in self.texts:
            self.fields[text.key] = _field(text)
            self.fields[f"{text.key}-seen"] = forms.CharField(
                required=False, initial=_mark(text.original), widget=forms.HiddenInput
            )
            if text.earlier:
                self.fields[f"{text.key}-right"] = forms.BooleanField(
                    required=False, label=gettext_lazy("It still says the same.")
                )

    def lines(self) -> list[tuple[Any, list[Line]]]:
        return [(group.name, [self._line(text) for text in group.texts]) for group in self.groups]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        for text in self.texts:
            if text.key in found:
                try:
                    self._check(text, found[text.key])
                except ValidationError as wrong:
                    self.add_error(text.key, wrong)
        return found

    def changed(self) -> dict[str, str]:
        """The words of each text that was written anew, or found to be right still."""
        return {text.key: words for text in self.texts if self._is_new(text, words := self._words(text))}

    def _check(self, text: Text, words: str) -> None:
        if not self._is_new(text, words):
            return
        refuse_unseen(words, lines=text.has_lines)
        if self.cleaned_data.get(f"{text.key}-seen") != _mark(text.original):
            # What comes back with the page is what it says now.
            data: Any = self.data.copy()  # type: ignore[attr-defined]
            data[f"{text.key}-seen"] = _mark(text.original)
            self.data = data
            raise ValidationError(
                _("These words were changed meanwhile. Look at them once more, then save again.")
            )
        count, wanted = len(lines_of(words)), len(lines_of(text.original))
        if words and text.field == "labels" and count != wanted:
            raise ValidationError(
                _("There are %(wanted)d answers, one a line; here are %(count)d."),
                params={"wanted": wanted, "count": count},
            )

    def _words(self, text: Text) -> str:
        words: str = self.cleaned_data.get(text.key, text.words)
        return words.replace("\r\n", "\n").strip()

    def _is_new(self, text: Text, words: str) -> bool:
        is_right = bool(text.earlier and self.cleaned_data.get(f"{text.key}-right"))
        return words.replace("\r\n", "\n").strip() != text.words or is_right

    def _line(self, text: Text) -> Line:
        right = self[f"{text.key}-right"] if text.earlier else None
        return Line(text, self[text.key], self[f"{text.key}-seen"], right)


def translate_program(request: HttpRequest) -> HttpResponse:
    """For one program and language: the first, or those chosen."""
    programs = list(programs_granting(asker(request), "change", Program).order_by("name", "pk"))
    if not asker(request).has_perm("referrals.change_program"):
        raise PermissionDenied
    program = chosen_of(programs, request.GET, only=True)
    language = request.GET.get("language", "")
    if program and language not in other_languages(program):
        language = other_languages(program)[0]
    shown: dict[str, Any] = {"title": _("In other languages"), "programs": programs, "program": program}
    if program:
        form = TranslationForm(texts_of(program, language), request.POST or None)
        if request.method == "POST" and form.is_valid():
            return _save(request, program, language, form.changed())
        shown |= {
            "form": form, "language": language, "language_name": NAMES[language], "lines": form.lines(),
            "original_name": NAMES.get(program.language, program.language),
            "languages": [
                (NAMES[row.language], page_of(program, row.language), row, row.language == language)
                for row in coverage_of(program)
            ],
        }  # fmt: skip
    return TemplateResponse(request, "admin/other_languages.html", admin.site.each_context(request) | shown)


def page_of(program: Program, language: str = "") -> str:
    """Where the words of this program are translated."""
    asked = {"program": program.pk} | ({"language": language} if language else {})
    return f"{reverse('admin:other-languages')}?{urlencode(asked)}"


def coverage_rows(program: Program) -> list[tuple[str, Any, str]]:
    """Each other language, how far it is, and where it is written."""
    return [
        (NAMES[row.language], _state(row.done, row.outdated, row.total), page_of(program, row.language))
        for row in coverage_of(program)
    ]


def _state(done: int, outdated: int, total: int) -> Any:
    if outdated:
        words = ngettext("%(count)d is of earlier words", "%(count)d are of earlier words", outdated)
        return status_word("overdue", words % {"count": outdated})
    if done == total:
        return status_word("live", _("complete"))
    return status_word("waiting", _("%(done)d of %(total)d") % {"done": done, "total": total})


def _save(request: HttpRequest, program: Program, language: str, words: dict[str, str]) -> HttpResponse:
    count = keep_translations(program, language, words, by=request.user)
    if count:
        said = ngettext(
            "%(count)d text is kept in %(language)s.", "%(count)d texts are kept in %(language)s.", count
        )
        messages.success(request, said % {"count": count, "language": NAMES[language]})
    else:
        messages.info(request, _("Nothing was changed."))
    return HttpResponseRedirect(page_of(program, language))


def _field(text: Text) -> forms.CharField:
    rows = sum(int(GROWS * len(line) / WIDE) + 1 for line in text.original.split("\n"))
    is_tall = rows > 1 or text.has_lines
    widget: Any = forms.Textarea(attrs={"rows": min(rows, 12)}) if is_tall else forms.TextInput()
    return forms.CharField(
        required=False, initial=text.words, label=text.label, max_length=text.longest, widget=widget
    )


def _mark(words: str) -> str:
    """Tells one text from another; no secret."""
    return f"{crc32(words.encode()):x}"
