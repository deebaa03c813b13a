"""Words written by managers: Markdown with Liquid, over plain values. Nothing stored is ever code.

The Markdown is turned into HTML *before* the values are put in, so that a value is never read as Markdown;
Liquid escapes each value for HTML; and what comes out is cleaned against a short list of tags.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar

import nh3
from django.utils.html import escape
from liquid import BoundTemplate, Environment, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.token import Token

Value = str | int
MAX_LENGTH = 20_000

# "content", "output" and "illegal" are the parser's own; no loops, no includes, no assignments.
_TAGS = {"content", "output", "illegal", "if", "unless"}
_FILTERS = {"capitalize", "default", "downcase", "upcase"}
LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
# Words that Markdown leaves alone stand in for tags (T) and outputs (V) while it works.
_MARK = re.compile(r"LIQUID[TV](\d+)X")
_ONLY_TAGS = re.compile(r"(?:LIQUIDT\d+X\s*)+")
# Without what ends the sentence around it.
_ADDRESS = re.compile(r"""(https?://[^\s<>"']*[^\s<>"'.,;:!?)])""")
_BLANK = re.compile(r"\n\s*\n")
_EMPTY_PARAGRAPH = re.compile(r"<p>\s*</p>\n?")
_CLEANER = nh3.Cleaner(
    tags={"p", "a", "strong", "em", "ul", "ol", "li", "blockquote", "h2", "h3", "br", "hr"},
    attributes={"a": {"href"}},
    allowed_classes={"a": {"button"}, "p": {"action"}},
    url_schemes={"https", "http", "mailto"},
    link_rel=None,
)
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable(
    ["code", "fence", "image", "html_block", "html_inline", "autolink", "reference"]
)

_ENDS = {"paragraph_close", "heading_close", "bullet_list_close", "ordered_list_close"}


class Words(Environment):
    """Liquid without anything a message does not need."""

    block_nesting_limit: ClassVar[int] = 5
    context_depth_limit: ClassVar[int] = 5
    loop_iteration_limit: ClassVar[int | None] = 0
    local_namespace_limit: ClassVar[int | None] = 0
    output_stream_limit: ClassVar[int | None] = 100_000

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.tags = {name: tag for name, tag in self.tags.items() if name in _TAGS}
        self.filters = {name: filter_ for name, filter_ in self.filters.items() if name in _FILTERS}


PLAIN = Words(undefined=StrictUndefined)
_HTML = Words(undefined=StrictUndefined, autoescape=True)


def compose_html(source: str, values: Mapping[str, Value]) -> str:
    """The words as clean HTML. Raises LiquidError for words that ``check_words`` would refuse."""
    rendered = _html_template(source).render(**_with_falsy_gaps(values))
    return _CLEANER.clean(_EMPTY_PARAGRAPH.sub("", rendered))


def compose_text(source: str, values: Mapping[str, Value]) -> str:
    """The words as plain text, without a trace of Markdown: a link reads ``label: address``."""
    rendered = _text_template(source).render(**_with_falsy_gaps(values))
    lines = [" ".join(line.split()) for line in rendered.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def compose_line(source: str, values: Mapping[str, Value]) -> str:
    """One line, such as a subject: no line ends, no control or invisible characters."""
    rendered = _line_template(source).render(**_with_falsy_gaps(values))
    return one_line(rendered)


def one_line(text: str) -> str:
    """The text with every kind of white space as one space, and without what cannot be seen."""
    seen = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    return " ".join(seen.split())


def compose_plain(source: str, values: Mapping[str, Value]) -> str:
    """Words that are no Markdown: every line as it was written, with the values in it."""
    rendered = PLAIN.from_string(source).render(**_with_falsy_gaps(values))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in rendered.splitlines())).strip()


def plain_html(text: str) -> str:
    """Plain text as paragraphs with their lines; addresses become links."""
    blocks = [_linked(block) for block in _BLANK.split(text.strip())]
    return "".join(f"<p>{block}</p>".replace("\n", "<br>") for block in blocks)


def _linked(text: str) -> str:
    pieces = [str(escape(piece)) for piece in _ADDRESS.split(text)]
    return "".join(f'<a href="{piece}">{piece}</a>' if n % 2 else piece for n, piece in enumerate(pieces))


def link_targets(source: str) -> list[str]:
    """Where the links of these words lead, as written."""
    marked, liquid = _protect(source)
    children = [child for token in _MARKDOWN.parse(marked) for child in token.children or []]
    return [
        _restore(str(child.attrGet("href") or ""), liquid) for child in children if child.type == "link_open"
    ]


def _with_falsy_gaps(values: Mapping[str, Value]) -> dict[str, Value | None]:
    """Liquid takes an empty string for true, and ``{% if reward %}`` has to mean what it says."""
    return {name: (None if value == "" else value) for name, value in values.items()}


@lru_cache(maxsize=512)
def _line_template(source: str) -> BoundTemplate:
    return PLAIN.from_string(source)


@lru_cache(maxsize=512)
def _html_template(source: str) -> BoundTemplate:
    marked, liquid = _protect(source)
    tokens = _MARKDOWN.parse(marked)
    for opening, inline, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if inline.type == "inline" and opening.type == "paragraph_open":
            _shape_paragraph(opening, inline, closing)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return _HTML.from_string(_restore(html, liquid))


def _shape_paragraph(opening: Token, inline: Token, closing: Token) -> None:
    """No paragraph around a lone tag such as ``{% if %}``; a lone link is a button."""
    if _ONLY_TAGS.fullmatch(inline.content):
        opening.hidden = closing.hidden = True
    elif _is_one_link(inline):
        opening.attrSet("class", "action")
        (inline.children or [])[0].attrSet("class", "button")


def _is_one_link(inline: Token) -> bool:
    children = inline.children or []
    kinds = [child.type for child in children]
    return kinds.count("link_open") == 1 and kinds[0] == "link_open" and kinds[-1] == "link_close"


@lru_cache(maxsize=512)
def _text_template(source: str) -> BoundTemplate:
    marked, liquid = _protect(source)
    parts: list[str] = []
    bullet = ""
    for token in _MARKDOWN.parse(marked):
        if token.type == "list_item_open":
            bullet = f"{token.info}. " if token.info else "- "
        elif token.type == "inline":
            parts.append(f"{bullet}{_inline_text(token.children or [])}\n")
            bullet = ""
        elif token.type in _ENDS and not token.hidden:
            parts.append("\n")
    return PLAIN.from_string(_restore("".join(parts), liquid))


def _inline_text(children: list[Token]) -> str:
    parts: list[str] = []
    address = ""
    for child in children:
        if child.type == "link_open":
            address = str(child.attrGet("href") or "")
        elif child.type == "link_close":
            parts.append(f": {address}")
        elif child.type == "softbreak":
            parts.append(" ")
        elif child.type == "hardbreak":
            parts.append("\n")
        else:
            parts.append(child.content)
    return "".join(parts)


def _protect(source: str) -> tuple[str, list[str]]:
    """The source with every Liquid tag and output as a word that Markdown leaves alone, and these in order."""
    liquid: list[str] = []

    def mark(match: re.Match[str]) -> str:
        liquid.append(match.group())
        return f"LIQUID{'T' if match.group().startswith('{%') else 'V'}{len(liquid) - 1}X"

    return LIQUID.sub(mark, _MARK.sub("", source)), liquid


def _restore(text: str, liquid: list[str]) -> str:
    return _MARK.sub(lambda match: liquid[int(match.group(1))], text)
