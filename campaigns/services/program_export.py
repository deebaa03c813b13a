"""A whole program as tables, for whoever takes it elsewhere or keeps a copy that opens in a spreadsheet."""

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from io import TextIOWrapper
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.apps import apps
from django.db.models import QuerySet

from campaigns.services.personal_data import SECRET
from referrals.exports import defuse
from referrals.models import Program
from referrals.models.program import ScopedQuerySet

APPS = ("referrals", "rewards", "campaigns")
# What opens doors, and what belongs to the installation rather than the program.
HIDDEN = SECRET | {"digest", "secret_sealed", "older_secret_sealed"}
# Personal links stand in them.
WITH_LINKS = {"message": {"text", "html", "context"}}
LEFT_OUT = {"apikey", "apicall", "absence", "hookdelivery", "webhookcall"}


def tables_of(program: Program) -> Iterator[tuple[str, QuerySet[Any]]]:
    """Every table that belongs to the program, with its rows there, by name."""
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            rows: Any = model._default_manager.all()
            stored = not model._meta.proxy and model._meta.model_name not in LEFT_OUT
            if stored and isinstance(rows, ScopedQuerySet):
                ours = rows.filter(**{rows.program_path: program.pk})
                yield f"{label}.{model._meta.model_name}", ours.order_by("pk").distinct()


def write_program(program: Program, to: IO[bytes]) -> dict[str, int]:
    """Write a ZIP of CSV files, one a table that has rows, in flat memory; returns how many rows each has."""
    counts: dict[str, int] = {}
    with ZipFile(to, "w", ZIP_DEFLATED) as archive:
        for name, rows in tables_of(program):
            if rows.exists():
                with archive.open(f"{name}.csv", "w", force_zip64=True) as file:
                    counts[name] = _write(
                        rows, TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
                    )
    return counts


def _write(rows: QuerySet[Any], file: TextIOWrapper) -> int:
    meta = rows.model._meta
    hidden = HIDDEN | WITH_LINKS.get(str(meta.model_name), set())
    names = [field.attname for field in meta.concrete_fields if field.name not in hidden]
    writer = csv.writer(file)
    writer.writerow(names)
    count = 0
    for row in rows.values_list(*names).iterator(chunk_size=2000):
        writer.writerow([_cell(value) for value in row])
        count += 1
    return count


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict | list):
        return defuse(json.dumps(value, ensure_ascii=False))
    return "" if value is None else defuse(value)
