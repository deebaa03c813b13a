"""Other leads come in from where they are kept, and stand beside recommended friends."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.services.contact_speed import LeadSpeeds
from referrals.models import Event, Lead
from referrals.public_ids import public_id
from tests.cast import System, client_of, member_of
from tests.factories import NOW, ProgramFactory

pytestmark = pytest.mark.django_db
LEAD = {"external_id": "L-1", "source": "Web form 2, google.com", "received_at": "2026-03-03T09:00:00Z"}


def test_a_lead_is_kept_once_and_its_first_talk_counts():
    crm = System(ProgramFactory(), "leads:write")
    mara = member_of(crm.program, "sales")

    came = crm.post("/leads", LEAD | {"owner": mara.email.upper()})
    talked = crm.post("/leads", {"external_id": "L-1", "contacted_at": "2026-03-03T11:30:00Z"})
    again = crm.post("/leads", {"external_id": "L-1", "contacted_at": "2026-03-04T11:30:00Z"})

    assert [came.status_code, talked.status_code, again.status_code] == [201, 200, 200]
    assert talked.json() == again.json() == {
        "id": public_id("lea", Lead.objects.get().pk), "external_id": "L-1", "source": LEAD["source"],
        "owner": mara.email, "received_at": "2026-03-03T09:00:00Z", "contacted_at": "2026-03-03T11:30:00Z",
        "waited_minutes": 150,
    }  # fmt: skip
    assert (Lead.objects.get().owner, Event.objects.count()) == (mara, 0)


def test_a_talk_before_the_lead_came_and_a_stranger_who_calls_are_not_believed():
    crm = System()

    early = crm.post("/leads", LEAD | {"contacted_at": "2026-03-03T08:00:00Z"})
    crm.post("/leads", LEAD | {"owner": "nobody@else.example"})
    crm.post("/leads", {"external_id": "L-1", "contacted_at": "2026-03-03T08:00:00Z"})

    assert (early.status_code, early.json()["errors"][0]["detail"]) == (
        422, "The first talk comes after the lead. Check the two moments.",
    )  # fmt: skip
    lead = Lead.objects.get()
    assert (lead.owner, lead.contact_minutes) == (None, 0)


def test_300_leads_cost_as_many_queries_as_one(django_assert_max_num_queries):
    crm = System()
    counts = []
    for count in (1, 1, 3, 300):
        items = [LEAD | {"external_id": f"{count}-{len(counts)}-{n}"} for n in range(count)]
        with django_assert_max_num_queries(20) as seen:
            answer = crm.post("/leads/bulk", {"items": [*items, items[0]]}).json()
        assert [row["status"] for row in answer["results"]] == [201] * count + [200]
        assert answer["results"][0]["id"] == answer["results"][-1]["id"]
        assert answer["results"][0]["id"].startswith("lea_")
        counts.append(len(seen))

    assert counts[1] == counts[2]


def test_first_talks_with_300_leads_cost_as_many_queries_as_with_one(django_assert_max_num_queries):
    crm = System()
    crm.post("/leads/bulk", {"items": [LEAD | {"external_id": str(n)} for n in range(300)]})
    counts = []
    for numbers in (range(1), range(1, 2), range(2, 152)):
        items = [{"external_id": str(n), "contacted_at": "2026-03-03T11:30:00Z"} for n in numbers]
        with django_assert_max_num_queries(20) as seen:
            assert crm.post("/leads/bulk", {"items": items}).status_code == 200
        counts.append(len(seen))

    assert counts[1] == counts[2]


def test_leads_are_found_by_number_source_who_calls_and_whether_somebody_talked_with_them():
    crm = System()
    mara = member_of(crm.program, "sales")
    talked = {"contacted_at": "2026-03-03T11:30:00Z", "owner": mara.email}
    crm.post("/leads/bulk", {"items": [LEAD, LEAD | talked | {"external_id": "L-2", "source": "Fair"}]})

    def found(**query):
        return [row["external_id"] for row in crm.get("/leads", **query).json()["data"]]

    assert found() == ["L-1", "L-2"]
    assert found(external_id="L-2") == found(source="fair") == found(owner=mara.email.upper()) == ["L-2"]
    assert found(contacted="true") == found(contacted_after="2026-03-03T11:00:00Z") == ["L-2"]
    assert found(contacted="false") == ["L-1"]
    assert found(received_after="2026-03-03T09:00:00Z") == []
    [_first, second] = crm.get("/leads").json()["data"]
    assert crm.get(f"/leads/{second['id']}").json() == second


def test_median_and_share_in_time_stand_beside_friends_by_source_and_by_who_calls():
    program = ProgramFactory(contact_within_hours=4)
    now = timezone.now()
    for n, minutes in enumerate([60, 120, 600, None]):
        Lead.objects.create(
            program=program, external_id=str(n), source=("Web form", "Fair")[n // 3],
            submitted_at=now - timedelta(days=9), contact_minutes=minutes,
            contacted_at=minutes and now - timedelta(days=8),
        )  # fmt: skip

    speeds = LeadSpeeds(program, since=NOW - timedelta(days=400), now=now)
    page = client_of(member_of(program)).get("/admin/contact-speed/").content.decode()

    assert (speeds.all().median, speeds.all().in_time) == (2.0, 50)
    assert [(one.label, one.came, one.missed) for one in speeds.by_source()] == [
        ("Web form", 3, 0),
        ("Fair", 1, 1),
    ]
    assert [one.label for one in speeds.by_owner()] == ["nobody"]
    assert "4 leads that your systems reported" in page
    assert "Other leads, by source" in page
    assert "Typed in by you" not in page
