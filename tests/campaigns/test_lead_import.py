"""Other leads brought in by a file: uploaded, looked at, taken in by the worker."""

import pytest

from campaigns.tasks import read_files
from referrals.models import ImportFile, Lead
from tests.campaigns.test_admin_imports import boss, client, looked_at  # noqa: F401
from tests.factories import ProgramFactory

pytestmark = pytest.mark.django_db
HUBSPOT = (
    "Record ID,First Name,Email,Create Date,Original Traffic Source,Contact owner,Date of first engagement\n"
    "501,Ben,ben@x.example,2026-03-03 09:00,Organic Search,{owner},2026-03-03 11:30\n"
    "502,Eva,eva@x.example,2026-03-03 10:00,,Nobody Here,\n"
)


def bring_in(client, text):  # noqa: F811
    url = looked_at(client, text, "leads")
    page = client.get(url)
    client.post(url, {"import": "1"})
    read_files()
    return page, client.get(url)


def test_leads_of_a_crm_are_recognised_shown_first_and_kept_without_names(client, boss):  # noqa: F811
    boss.first_name, boss.last_name = "Mara", "Rossi"
    boss.save()

    before, after = bring_in(client, HUBSPOT.format(owner="mara rossi"))

    assert before.context["tiles"] == [
        ("new", 2), ("changed", 0), ("as they are", 0), ("refused", 0), ("cells left empty", 1),
    ]  # fmt: skip
    assert before.context["source"] == "HubSpot"
    assert before.context["warnings"] == [
        [3, "Contact owner", "No colleague of this program is called “Nobody Here”."]
    ]
    assert "2 leads are new, 0 changed." in after.content.decode()
    found = Lead.objects.order_by("external_id")
    assert [(lead.external_id, lead.source, lead.owner, lead.contact_minutes) for lead in found] == [
        ("501", "Organic Search", boss, 150),
        ("502", "", None, None),
    ]


def test_a_newer_file_tells_only_with_whom_somebody_talked_since(client):  # noqa: F811
    header = "Lead ID,Created Date,First contact\n"
    bring_in(client, header + "1,2026-03-03 09:00,\n2,2026-03-03 09:00,\n")

    page, _after = bring_in(client, header + "1,2026-03-03 09:00,2026-03-03 10:00\n2,2026-03-03 09:00,\n")

    assert page.context["tiles"][:3] == [("new", 0), ("changed", 1), ("as they are", 1)]
    assert not page.context["nothing"]
    assert Lead.objects.get(external_id="1").contact_minutes == 60
    page, _after = bring_in(client, header + "1,2026-03-03 09:00,2026-03-05 10:00\n")
    assert page.context["nothing"]
    assert Lead.objects.get(external_id="1").contact_minutes == 60


def test_what_cannot_be_read_is_refused_by_row_and_keeps_out_the_whole_file(client):  # noqa: F811
    rows = "1,2026-03-03 09:00,\n,2026-03-03 09:00,\n3,,\n4,2026-03-03 09:00,2026-03-02 09:00\n5\n"
    rows += "6,2026-03-03 09:00,2026-03-03\n7,2026-03-03,2026-03-04 09:00\n8,2026-03-03,\n"

    page, _after = bring_in(client, "Lead ID,Created Date,First contact\n" + rows)

    assert [(row, column) for row, column, _text in page.context["errors"]] == [
        (3, "Lead ID"), (4, "Created Date"), (5, "First contact"), (6, "the whole row"),
        (7, "First contact"), (8, "First contact"),
    ]  # fmt: skip
    assert not Lead.objects.exists()


def test_a_file_of_leads_needs_its_number_and_moment(client):  # noqa: F811
    page = client.get(looked_at(client, "Name,City\nBen,Rome\n", "leads"))

    assert page.context["file"].reason == (
        "Say which column holds the number of the lead, and which says when it came."
    )


def test_nobody_brings_leads_into_a_program_that_is_not_theirs(client):  # noqa: F811
    url = looked_at(client, "Lead ID,Created Date\n1,2026-03-03\n", "leads")
    ImportFile.objects.update(program=ProgramFactory())

    client.post(url, {"import": "1"})
    read_files()

    assert ImportFile.objects.get().reason == "Say which program these leads belong to."
    assert not Lead.objects.exists()


def test_a_thousand_rows_cost_as_many_queries_a_batch_as_one(client, django_assert_max_num_queries):  # noqa: F811
    rows = "".join(f"{n},2026-03-03 09:00,Fair\n" for n in range(500))
    url = looked_at(client, "Lead ID,Created Date,Source\n" + rows, "leads")
    client.post(url, {"import": "1"})

    with django_assert_max_num_queries(30):
        read_files()

    assert Lead.objects.count() == 500
