"""Are these words fit to be saved? Says what is wrong, and where."""

import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from liquid import BoundTemplate
from liquid.exceptions import LiquidError

from campaigns.services.composing import MAX_LENGTH, PLAIN, compose_html, link_targets, one_line
from campaigns.services.placeholders import MAY_BE_EMPTY, PLACEHOLDERS, samples

_OWN_LINK = re.compile(r"\{\{\s*link\s*\}\}")
_FIRST_NAME = re.compile(rf"\{{\{{\s*{MAY_BE_EMPTY}\b")
_IF_FIRST_NAME = re.compile(rf"\{{%-?\s*(if|unless)\s+{MAY_BE_EMPTY}\b")
_SPACES = re.compile(r"[ \u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_SAFE_LINK = re.compile(r"(https://|mailto:)[^\s{}]+")


def check_words(purpose: str, subject: str, body: str) -> None:
    """Raises ValidationError, by field, when a placeholder is unknown, a link leads nowhere, or Liquid cannot
    read the words; with line and column where there are any."""
    errors = {
        "subject": [
            *(_not_for_subjects(purpose, subject) or _wrong_in(subject, _names(purpose, in_subject=True))),
            *_wrong_in_subject(subject),
        ],
        "body": list(_wrong_in(body, _names(purpose))) or list(_wrong_in_body(purpose, body)),
    }
    if found := {field: wrong for field, wrong in errors.items() if wrong}:
        raise ValidationError(found)


def _names(purpose: str, *, in_subject: bool = False) -> set[str]:
    known = PLACEHOLDERS.get(purpose, {}).items()
    return {name for name, placeholder in known if placeholder.in_subject or not in_subject}


def _wrong_in(source: str, names: set[str]) -> Iterable[str]:
    if len(source) > MAX_LENGTH:
        yield _("Write %(count)d characters or fewer.") % {"count": MAX_LENGTH}
        return
    try:
        template = PLAIN.from_string(source)
    except LiquidError as error:
        line, column = (error.context() or (1, 0))[:2]
        yield _("Line %(line)d, column %(column)d: %(problem)s.") % {
            "line": line, "column": column + 1, "problem": error.message,
        }  # fmt: skip
        return
    yield from _unknown(template, source, names)


def _unknown(template: BoundTemplate, source: str, names: set[str]) -> Iterable[str]:
    analysis = template.analyze()
    for variables in analysis.variables.values():
        for variable in variables:
            if str(variable) not in names:
                line, column = variable.span.line_col(source)
                yield _("Line %(line)d, column %(column)d: “%(name)s” is not known here. Use %(names)s.") % {
                    "line": line, "column": column + 1, "name": variable, "names": ", ".join(sorted(names)),
                }  # fmt: skip
    for name, spans in analysis.filters.items():
        if name not in PLAIN.filters:
            line, column = spans[0].line_col(source)
            yield _("Line %(line)d, column %(column)d: there is no filter “%(name)s”. Use %(names)s.") % {
                "line": line, "column": column + 1, "name": name, "names": ", ".join(sorted(PLAIN.filters)),
            }  # fmt: skip


def _not_for_subjects(purpose: str, subject: str) -> list[str]:
    """What the body may use and the subject may not, with the reason."""
    barred = _names(purpose) - _names(purpose, in_subject=True)
    return [
        _("“%(name)s” cannot stand in the subject: somebody other than the reader may have typed it. Write it "
          "in the body.") % {"name": name}
        for name in sorted(barred) if re.search(rf"\{{[{{%][^}}]*\b{name}\b", subject)
    ]  # fmt: skip


def _wrong_in_subject(subject: str) -> Iterable[str]:
    if _FIRST_NAME.search(subject) and not _IF_FIRST_NAME.search(subject):
        yield _(
            "The first name may be empty. Write {% if first_name %}{{ first_name }}, words for you{% else %}Words "
            "for you{% endif %}."
        )
    # Spaces of every width are pasted, and in French typed: they leave as plain ones.
    if _SPACES.sub(" ", subject).strip() != one_line(subject):
        yield _("Write the subject on one line, without invisible characters.")


def _wrong_in_body(purpose: str, body: str) -> Iterable[str]:
    for target in link_targets(body):
        if not _OWN_LINK.fullmatch(target) and not _SAFE_LINK.fullmatch(target):
            yield _(
                "The link to “%(target)s” cannot be used. Write {{ link }}, or an address with https://."
            ) % {"target": target}
    try:
        compose_html(body, samples(purpose))
    except (LiquidError, KeyError) as error:
        yield str(error)
