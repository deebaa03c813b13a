"""Imports point down: config → campaigns → rewards → referrals, and never in a circle."""

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from django.conf import settings

Nodes = Callable[[ast.AST], Iterable[ast.AST]]

# From the bottom to the top; each may import what stands before it.
APPS = ["referrals", "rewards", "campaigns", "config"]


def test_no_import_points_up():
    up = [
        f"{module} imports {target}"
        for app in APPS
        for module, targets in imports_of(app, ast.walk).items()
        for target in targets
        if top(target) in APPS[APPS.index(app) + 1 :]
    ]

    assert up == []


def test_nothing_of_the_product_imports_the_tests():
    assert [
        m for app in APPS for m, targets in imports_of(app, ast.walk).items() if "tests" in map(top, targets)
    ] == []


@pytest.mark.parametrize("app", APPS)
def test_no_modules_import_one_another_in_a_circle(app):
    modules = imports_of(app, running_nodes)
    graph = {
        module: {found for target in targets if (found := longest(target, modules))} - {module}
        for module, targets in modules.items()
    }

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_the_walk_sees_imports_inside_functions_and_under_any_name():
    source = """
def f():
    if True:
        import campaigns.models as m
    from rewards import services
    from ..models import Program
    __import__("config.settings")
    import_module("campaigns.urls")
"""

    assert sorted(imported(ast.walk(ast.parse(source)), "referrals.services.visit")) == [
        "campaigns.models", "campaigns.urls", "config.settings", "referrals.models.Program", "rewards.services",
    ]  # fmt: skip


def longest(target: str, modules: Iterable[str]) -> str | None:
    """The module that an import runs: the target, or what it stands in."""
    return next((m for m in (target, target.rpartition(".")[0]) if m in modules), None)


def top(module: str) -> str:
    return module.partition(".")[0]


@cache
def imports_of(app: str, nodes: Nodes) -> dict[str, set[str]]:
    """For each module of the app, what it imports; migrations apart."""
    found = {}
    for path in (settings.BASE_DIR / app).rglob("*.py"):
        if "migrations" not in path.parts:
            name = module_name(path)
            found[name] = set(imported(nodes(parsed(path)), name, is_package=path.stem == "__init__"))
    return found


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def module_name(path: Path) -> str:
    parts = path.relative_to(settings.BASE_DIR).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(nodes: Iterable[ast.AST], module: str, *, is_package: bool = False) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=source, names=names, level=level):
                above = module.split(".")[: -level + is_package or None] if level else []
                base = ".".join([*above, *([source] if source else [])])
                # What is imported may be a module itself, or stand in one.
                yield from (f"{base}.{alias.name}" for alias in names)
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module"), args=[ast.Constant(value=str(name))]
            ):
                yield name


def running_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those under ``if TYPE_CHECKING``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from running_nodes(node)
