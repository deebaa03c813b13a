import ast
import re
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection

ROOT = Path(settings.BASE_DIR)
APPS = ("config", "referrals", "rewards", "campaigns")
MODULES = sorted(
    path
    for folder in (*APPS, "tests")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Mail programs read style attributes and nothing else.
PAGES = [path for path in TEMPLATES if "email" not in path.parts]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, stdout=StringIO())


@pytest.mark.django_db
def test_the_database_has_every_constraint_and_index_that_the_models_name():
    with connection.cursor() as cursor:
        missing = [
            f"{model.__name__}: {named.name}"
            for app in APPS[1:]
            for model in apps.get_app_config(app).get_models()
            for named in (*model._meta.constraints, *model._meta.indexes)
            if named.name not in connection.introspection.get_constraints(cursor, model._meta.db_table)
        ]

    assert missing == []


def test_a_module_is_no_longer_than_400_lines():
    assert [_name(path) for path in MODULES if len(path.read_text().splitlines()) > 400] == []


def test_a_function_is_no_longer_than_60_lines():
    functions = [
        (_name(path), node)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert [(name, f.name) for name, f in functions if (f.end_lineno or 0) - f.lineno >= 60] == []


def test_a_page_holds_no_script_style_or_handler_of_its_own():
    own = re.compile(
        r"<script(?![^>]*\bsrc=)[^>]*>|<style\b|\sstyle=|\son[a-z]+\s*=\s*[\"']|\|safe\b|mark_safe"
    )
    comment = re.compile(r"{#.*?#}|{% comment %}.*?{% endcomment %}", re.DOTALL)

    assert {
        _name(path): found for path in PAGES if (found := own.findall(comment.sub("", path.read_text())))
    } == {}


def test_nothing_of_ours_marks_data_as_safe():
    ours = [path for path in MODULES if path.parts[len(ROOT.parts)] != "tests"]

    assert [_name(path) for path in ours if re.search(r"\bmark_safe\(", path.read_text())] == []


def test_no_file_speaks_of_a_package_registry_address():
    """Where packages come from is the machine's business: an address here would reach every clone."""
    names = [ROOT / "pyproject.toml", *(ROOT / "config" / "requirements").iterdir()]

    for path in names:
        assert re.findall(r"https?://|--(?:extra-)?index[-]url|--find[-]links", path.read_text()) == [], (
            path.name
        )
