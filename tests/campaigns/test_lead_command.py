"""Other leads brought in by command, as sales are."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from referrals.models import Lead
from tests.cast import member_of
from tests.factories import ProgramFactory

pytestmark = pytest.mark.django_db
LEADS = """Lead ID,Created Date,First contact,Lead Source,Owner
501,2026-03-03 09:00,2026-03-03 11:30,Fair,Mara Rossi
502,2026-03-03 10:00,,,Nobody Here
"""


@pytest.fixture
def program():
    return ProgramFactory(slug="friends")


@pytest.fixture
def run(tmp_path, capsys):
    def run(text, *options):
        path = tmp_path / "leads.csv"
        path.write_text(text)
        call_command("import_leads", str(path), "--program=friends", *options)
        return capsys.readouterr().out.strip()

    return run


def test_leads_of_a_file_come_in_once_with_columns_by_their_headings(run, program):
    mara = member_of(program)
    User.objects.filter(pk=mara.pk).update(first_name="Mara", last_name="Rossi")
    left_empty = (
        "1 cells left empty, such as Row 3, Owner: No colleague of this program is called “Nobody Here”."
    )

    assert run(LEADS) == f"2 rows: 2 new leads, 0 changed, 0 as they are. {left_empty}"
    assert run(LEADS) == f"2 rows: 0 new leads, 0 changed, 2 as they are. {left_empty}"
    assert list(Lead.objects.order_by("external_id").values_list("external_id", "owner", "contact_minutes")) == [
        ("501", mara.pk, 150), ("502", None, None),
    ]  # fmt: skip


def test_a_newer_file_says_with_whom_somebody_talked_since(run, program):
    run("id,came,talked\n1,2026-03-03 09:00,\n", "--column=lead=id", "--column=received_at=came")
    columns = ("--column=lead=id", "--column=received_at=came", "--column=contacted_at=talked")

    said = run("id,came,talked\n1,2026-03-03 09:00,2026-03-03 10:00\n", *columns)

    assert said == "1 rows: 0 new leads, 1 changed, 0 as they are."
    assert Lead.objects.get().contact_minutes == 60


def test_a_dry_run_of_leads_keeps_nothing(run, program):
    assert run(LEADS, "--dry-run").endswith("This was a dry run: nothing was kept.")
    assert not Lead.objects.exists()


def test_one_wrong_lead_and_none_is_kept(run, program):
    text = "Lead ID,Created Date,First contact\n1,2026-03-03 09:00,\n,someday,\n3,2026-03-03 09:00\n"

    with pytest.raises(CommandError) as refused:
        run(text)

    lines = str(refused.value).splitlines()
    assert [line.split(":")[0] for line in lines[:-1]] == [
        "Row 3, Lead ID", "Row 3, Created Date", "Row 4, the whole row",
    ]  # fmt: skip
    assert lines[-1] == "Nothing was imported. Correct these rows and run it again."
    assert not Lead.objects.exists()


def test_leads_without_number_or_moment_or_program_are_refused_with_a_sentence(run, program):
    with pytest.raises(CommandError, match="Say which column holds the number of the lead"):
        run("Name,City\nBen,Rome\n")
    with pytest.raises(CommandError, match="There is no program “fiends”. There is: friends."):
        run(LEADS, "--program=fiends")
    with pytest.raises(CommandError, match="Say which program the leads are compared with"):
        run(LEADS, "--program=")
