import re
from pathlib import Path

import pytest
from django.conf import settings

from config.catalogues import (
    Found,
    compile_catalogues,
    find_strings,
    is_for_customers,
    read_catalogue,
    update_catalogue,
)

ROOT = Path(settings.BASE_DIR)
TRANSLATIONS = [language for language in settings.TRANSLATED if language != settings.LANGUAGE_CODE]
VALUE = re.compile(r"%\((\w+)\)[sd]|%[sd]")
MARKUP = re.compile(r"</?[a-z]+|\{\{? ?\w+")


def catalogue_path(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


@pytest.fixture(scope="module")
def strings() -> set[tuple[str | tuple[str, ...], str | None]]:
    return {(found.text, found.context) for found in find_strings(ROOT)}


def test_strings_are_found_in_code_and_templates(strings):
    assert {
        ("Your data has been deleted. If you have changed your mind, please write to us.", None),
        ("Go to the first page", None),
        (("%d working hour", "%d working hours"), None),
    } <= strings


@pytest.mark.parametrize(
    "text",
    [
        "Everyone I name here knows about it and agrees that %(company)s may contact them.",
        "By e-mail only",
        "Half as often",
        "News from the company",
        "from the start",
    ],
)
def test_what_customers_agree_to_and_choose_from_is_found(strings, text):
    assert (text, None) in strings


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("templates/campaigns/refer.html", True),
        ("campaigns/services/standing.py", True),
        ("templates/admin/desk.html", False),
        ("referrals/admin/steps.py", False),
        ("campaigns/services/desk.py", False),
    ],
)
def test_what_only_staff_read_is_in_no_catalogue(name, expected):
    assert is_for_customers(name) is expected


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_everything_that_customers_read_is_translated(language, strings):
    catalogue = read_catalogue(catalogue_path(language))
    missing, broken = [], []
    for text, context in strings:
        singular = text if isinstance(text, str) else text[0]
        message = catalogue.get(singular, context)
        words = message.string if message and isinstance(text, tuple) else [message.string if message else ""]
        if not all(words):
            missing.append(singular)
        allowed = set(VALUE.findall(" ".join([text] if isinstance(text, str) else text)))
        markup = sorted(MARKUP.findall(singular))
        broken += [w for w in words if not set(VALUE.findall(w)) <= allowed]
        broken += [w for w in words if isinstance(text, str) and sorted(MARKUP.findall(w)) != markup]

    assert (missing, broken) == ([], [])


def test_a_catalogue_takes_new_strings_in_and_drops_old_ones(tmp_path):
    path = tmp_path / "it" / "LC_MESSAGES" / "django.po"
    update_catalogue(path, [Found("Send", "a.html", None), Found(("%d friend", "%d friends"), "a.py", None)])
    path.write_text(path.read_text().replace('msgid "Send"\nmsgstr ""', 'msgid "Send"\nmsgstr "Invia"'))

    update_catalogue(path, [Found("Send", "b.html", None), Found("Back", "b.html", None)])

    kept = {message.id: message.string for message in read_catalogue(path) if message.id}
    assert kept == {"Back": "", "Send": "Invia"}


def test_a_changed_catalogue_is_compiled_again(tmp_path):
    path = tmp_path / "locale" / "it" / "LC_MESSAGES" / "django.po"
    update_catalogue(path, [Found("Send", "a.html", None)])
    compile_catalogues(tmp_path / "locale", tmp_path / "compiled")
    compiled = tmp_path / "compiled" / "it" / "LC_MESSAGES" / "django.mo"
    first = compiled.read_bytes()

    compile_catalogues(tmp_path / "locale", tmp_path / "compiled")
    assert compiled.read_bytes() == first

    path.write_text(path.read_text().replace('msgid "Send"\nmsgstr ""', 'msgid "Send"\nmsgstr "Invia"'))
    compile_catalogues(tmp_path / "locale", tmp_path / "compiled")
    assert b"Invia" in compiled.read_bytes()
