"""Catalogues of translations: read out of the code, kept as text in ``locale/``, compiled when the product starts.

Everything is done with Babel and Django's own template parser, so no machine needs GNU gettext.
"""

import ast
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.template import Engine, Template
from django.template.base import Node, Token
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

APPS = ("referrals", "rewards", "campaigns")
# What only staff read stays English: folders, and modules by their path.
STAFF_FOLDERS = {"admin", "bench", "demo", "management", "migrations", "models", "simple_history"}
STAFF_MODULES = {
    f"{app}/services/{noun}.py"
    for app, nouns in {
        "campaigns": (
            "by_hand", "checking", "desk", "digest", "draft", "handling", "hold_out", "holding", "joining",
            "other_languages", "outlook", "personal", "placeholders", "plan", "preview", "prospects",
            "setting_up", "shortages", "suppression_list", "tag", "taking", "tax_warnings", "unhappy",
        ),
        "rewards": ("budget", "claim", "explanation", "forecast", "report", "unrewarded"),
        "referrals": ("file_kind", "imports", "recorded", "two_sales"),
    }.items()
    for noun in nouns
} | {"referrals/happenings.py", "referrals/tables.py", "referrals/cells.py", "referrals/wishes.py",
     "referrals/conditions.py", "referrals/hooks/meanings.py",
     "referrals/facts.py", "campaigns/factors.py", "campaigns/sentences.py", "rewards/sentences.py"}  # fmt: skip
# Classes of models whose labels customers choose from, by the module they are in.
CHOSEN_BY_CUSTOMERS = {
    "campaigns/models/contact_preference.py": {"Way", "Often"},
    "campaigns/models/template.py": {"Topic"},
}
KEYWORDS = {
    "_": None, "_now": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip


class Found(NamedTuple):
    """A string that can be translated: one text or two (singular, plural), where, and in which context."""

    text: str | tuple[str, ...]
    path: str
    context: str | None


def compile_catalogues(source: Path, target: Path) -> None:
    """Compile every catalogue that has changed since it was last compiled. Several processes may do so at once."""
    for path in source.glob("*/LC_MESSAGES/django.po"):
        compiled = target / path.relative_to(source).with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime_ns > path.stat().st_mtime_ns:
            continue
        compiled.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=compiled.parent, delete=False) as file:
            write_mo(file, read_catalogue(path))
        Path(file.name).replace(compiled)


def read_catalogue(path: Path) -> Catalog:
    """The catalogue in this file. Raises PoFileError when it is damaged."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, abort_invalid=True)


def write_catalogue(path: Path, catalogue: Catalog) -> None:
    """Keep a catalogue as text that differs from the last one only where its words do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=110, sort_output=True, omit_header=False, include_lineno=False)


def update_catalogue(path: Path, found: Iterable[Found]) -> Catalog:
    """Take new strings in, without a translation, and drop those that the code has no more."""
    old = read_catalogue(path) if path.exists() else Catalog()
    new = Catalog(locale=path.parent.parent.name, project="Goodword", charset="utf-8", fuzzy=False)
    # The date of a catalogue is that of its commit.
    new.creation_date = new.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    new.header_comment = f"# Goodword in {new.locale.get_display_name('en')}." if new.locale else ""
    for text, place, context in found:
        new.add(text, locations=[(place, 0)], context=context)
    for message in new:
        if message.id and (known := old.get(message.id, message.context)):
            message.string = known.string
    write_catalogue(path, new)
    return new


def is_translated(message: Message) -> bool:
    """Whether there are words for it, in each of its plural forms."""
    forms = message.string if isinstance(message.string, tuple | list) else [message.string]
    return all(forms)


def find_strings(root: Path) -> Iterator[Found]:
    """Every string that customers may read, in Python and in templates."""
    for app in APPS:
        for path in sorted((root / app).rglob("*.py")):
            if is_for_customers(name := path.relative_to(root).as_posix()):
                yield from _of_python(path, name)
    for name, classes in CHOSEN_BY_CUSTOMERS.items():
        yield from _of_labels(root / name, name, classes)
    for path in sorted((root / "templates").rglob("*.*")):
        if is_for_customers(name := path.relative_to(root).as_posix()):
            yield from _of_template(path, name)


def is_for_customers(name: str) -> bool:
    """Whether the file with this path holds words for anyone but staff."""
    return STAFF_FOLDERS.isdisjoint(name.split("/")) and name not in STAFF_MODULES


def _of_python(path: Path, name: str) -> Iterator[Found]:
    for _line, text, _comments, context in extract_from_file("python", path, keywords=KEYWORDS):
        yield Found(text, name, context)


def _of_labels(path: Path, name: str, classes: set[str]) -> Iterator[Found]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef) and node.name in classes:
            for call in ast.walk(node):
                if (
                    isinstance(call, ast.Call)
                    and call.args
                    and isinstance(label := call.args[0], ast.Constant)
                ):
                    yield Found(str(label.value), name, None)


def _of_template(path: Path, name: str) -> Iterator[Found]:
    template = Template(path.read_text(encoding="utf-8"), engine=Engine.get_default())
    for node in _nodes(template.nodelist):
        asked: Any = getattr(node, "message_context", None)
        context = str(asked.var) if asked else None
        if isinstance(node, BlockTranslateNode):
            texts = [_block(node, node.singular)] + ([_block(node, node.plural)] if node.plural else [])
            yield Found(texts[0] if len(texts) == 1 else tuple(texts), name, context)
        elif isinstance(node, TranslateNode):
            # As Django looks it up: a percent sign is no place for a value.
            yield Found(str(node.filter_expression.var.literal).replace("%", "%%"), name, context)


def _block(node: BlockTranslateNode, tokens: list[Token]) -> str:
    return str(node.render_token_list(tokens)[0])


def _nodes(nodelist: Iterable[Node]) -> Iterator[Node]:
    for node in nodelist:
        yield node
        for name in node.child_nodelists:
            yield from _nodes(getattr(node, name, None) or ())
        for _condition, inner in getattr(node, "conditions_nodelists", ()):
            yield from _nodes(inner)


def compile_ours() -> None:
    """Compile the product's catalogues to where Django looks for them."""
    compile_catalogues(settings.BASE_DIR / "locale", settings.VAR_DIR / "locale")
