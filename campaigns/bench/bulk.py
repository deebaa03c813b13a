"""Work on very many people at once, one job to a process, so that each tells its own memory."""

import csv
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter, process_time
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import DateTimeField, F, IntegerField, UUIDField, Value
from django.db.models.functions import Cast

from campaigns.bench.fill import NOW
from campaigns.models import Ask, DigestSubscription, OutreachPlan, PlanStep, Purpose
from campaigns.services import entering, planner
from campaigns.services.digest import write_digests
from referrals.exports import csv_lines
from referrals.models import Advocate, Membership, Program, Referral
from referrals.people import People
from referrals.services.conversion import record_conversion
from referrals.services.people import import_people
from referrals.tables import Table
from rewards.models import Reward
from rewards.services.reward import approve

HEADER = (
    "external_id",
    "email",
    "first_name",
    "last_name",
    "phone",
    "company",
    "country",
    "language",
    "City",
)
FIRST, LAST = (
    ("Anna", "Zoë", "Jean-Pierre", "Иван", "Mary"),
    ("Rossi", "Müller", "O'Neil", "García", "Lind", "Smith"),
)
DOMAINS = ("gmail.com", "posta.example", "firma.example", "mail.example", "corp.example")
COUNTRIES = (("IT", "it"), ("ES", "es"), ("NL", "nl"), ("", ""))
# One in so many people is due, so many have a digest, and so many rewards wait.
DUE, FEW = 20, 100


def write_file(path: str, people: int) -> int:
    """A file of so many people as a shop exports them."""
    with Path(path).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(_person(n) for n in range(people))
    return people


def _person(n: int) -> tuple[str, ...]:
    first, last = FIRST[n % len(FIRST)], LAST[n // 7 % len(LAST)]
    phone = "" if n % 3 else f"+39347{n:07}"
    company = f"Company {n % 5000}" if n % 2 else ""
    address = f"person.{n}@{DOMAINS[n % len(DOMAINS)]}"
    return (f"C{n}", address, first, last, phone, company, *COUNTRIES[n % len(COUNTRIES)], f"City {n % 300}")


def import_file(path: str) -> dict[str, float]:
    def work() -> int:
        with Table(Path(path)) as table:
            done = import_people(table, People(), now=NOW)
        if not done.kept:
            raise RuntimeError(f"Nothing was imported: {done.errors[:3]}")
        return done.rows

    return _timed(work)


def plan() -> dict[str, float]:
    """A plan with an ask for everybody, of whom one in twenty is due."""
    rows = _ask_everybody()
    _settle()
    planner.SECONDS_A_RUN = 3600
    found = _timed(lambda: planner.plan_due(now=NOW))
    if found["rows"] != rows // DUE + bool(rows % DUE):
        raise RuntimeError(f"Of {rows} people {found['rows']} were looked at.")
    return found


def _ask_everybody() -> int:
    program = Program.objects.get()
    plan = OutreachPlan.objects.create(
        program=program, name="Bench", status=OutreachPlan.Status.LIVE, status_at=NOW,
        trigger=OutreachPlan.Trigger.DEAL_WON,
    )  # fmt: skip
    PlanStep.objects.create(plan=plan, position=1, purpose=Purpose.ASK)
    people = Advocate.objects.order_by("pk").annotate(
        c1=Value(plan.pk, output_field=IntegerField()), c2=F("pk"), c3=Value(1),
        c4=Cast(Value(None), UUIDField()), c5=Value(NOW - timedelta(days=20), output_field=DateTimeField()),
        c6=Value(NOW + timedelta(days=1), output_field=DateTimeField()), c7=Value(1), c8=Value(0), c9=Value(""),
    )  # fmt: skip
    rows = Ask.objects.insert_from(people.values_list(*(f"c{n}" for n in range(1, 10))), entering.COLUMNS)
    due = Ask.objects.order_by("pk").values_list("pk", flat=True)[::DUE]
    Ask.objects.filter(pk__in=list(due)).update(due_at=NOW)
    return rows


def tick() -> dict[str, float]:
    """Look ten times for steps that are due, when none is."""

    def work() -> int:
        return 10 + sum(planner.plan_due(now=NOW) for _n in range(10))

    return _timed(work)


def digests(people: int) -> dict[str, float]:
    program = Program.objects.get()
    users = [User(username=f"digest{n}", email=f"d{n}@bench.example", is_staff=True) for n in range(people)]
    User.objects.bulk_create(users, batch_size=500)
    Membership.objects.bulk_create([Membership(user=user, program=program) for user in users], batch_size=500)
    rows = [DigestSubscription(user=user, next_at=NOW) for user in users]
    DigestSubscription.objects.bulk_create(rows, batch_size=500)
    return _timed(lambda: write_digests(now=NOW))


def approvals() -> dict[str, float]:
    """Sell to every open friend, and approve the rewards of all of them in one go."""
    for row in Referral.objects.open():
        record_conversion(row, external_id=f"sale-{row.pk}", amount=12900, currency="EUR", now=NOW)
    _settle()
    by = User.objects.get(username="sales")
    waiting = Reward.objects.filter(status=Reward.Status.PENDING)
    return _timed(lambda: len(approve(waiting, now=NOW, by=by).moved))


def export() -> dict[str, float]:
    columns = (
        "external_id",
        "name",
        "email",
        "phone",
        "company",
        "kind",
        "language",
        "country",
        "created_at",
    )
    people = Advocate.objects.order_by("pk").values_list(*columns).iterator(chunk_size=5000)
    # Less the mark at the beginning.
    return _timed(lambda: sum(1 for _line in csv_lines(people)) - 1)


def _timed(work: Callable[[], int]) -> dict[str, Any]:
    """How many rows it was, seconds by the clock and of this process, and MiB more than before."""
    memory, clock, mine = getrusage(RUSAGE_SELF).ru_maxrss, perf_counter(), process_time()
    rows = work()
    more = getrusage(RUSAGE_SELF).ru_maxrss - memory
    return {
        "rows": rows, "seconds": perf_counter() - clock, "processor": process_time() - mine, "memory": more / 1024,
    }  # fmt: skip


def _settle() -> None:
    """What the database does by itself some minutes after so much was stored."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
