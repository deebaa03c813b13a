"""The list of other leads: what “How fast we call” counts beside friends."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from referrals.models import Lead, Membership
from tests.cast import client_of, member_of, superuser
from tests.factories import ProgramFactory

pytestmark = pytest.mark.django_db
LIST = reverse("admin:referrals_lead_changelist")


def test_the_list_is_searched_and_filtered_within_ones_own_programs():
    program, now = ProgramFactory(), timezone.now()
    tom = member_of(program, Membership.Role.SALES)
    Lead.objects.create(program=program, external_id="1", source="Fair", owner=tom, submitted_at=now)
    Lead.objects.create(
        program=program, external_id="2", source="Web", submitted_at=now - timedelta(days=1), contacted_at=now,
        contact_minutes=90,
    )  # fmt: skip
    Lead.objects.create(program=ProgramFactory(), external_id="3", submitted_at=now)

    def found(**query):
        return [lead.external_id for lead in client_of(tom).get(LIST, query).context["cl"].result_list]

    assert found() == ["1", "2"]
    assert found(q="2") == found(q="web") == found(talked="yes") == found(owner="none") == ["2"]
    assert found(talked="no") == found(owner="me") == ["1"]
    assert "1.5" in client_of(tom).get(LIST).content.decode()


@pytest.mark.parametrize(
    ("role", "sees", "deletes"),
    [("manager", 200, True), ("sales", 200, False), ("support", 403, False), ("analyst", 200, False)],
)
def test_who_sees_leads_and_who_takes_out_what_should_not_count(role, sees, deletes):
    lead = Lead.objects.create(program=ProgramFactory(), external_id="1", submitted_at=timezone.now())
    staff = client_of(member_of(lead.program, role))
    chosen = {"action": "delete_selected", "_selected_action": [lead.pk], "post": "yes"}

    assert staff.get(LIST).status_code == sees
    staff.post(LIST, chosen)
    assert Lead.objects.exists() is not deletes


def test_an_empty_list_says_what_to_do_next_and_a_search_that_nothing_fits():
    maya = client_of(member_of(ProgramFactory()))
    people = reverse("admin:referrals_advocate_changelist")

    leads, nobody, searched = maya.get(LIST).text, maya.get(people).text, maya.get(people, {"q": "Zoë"}).text

    assert (
        f'Nothing is here now. <a href="{reverse("admin:imports")}?what=leads">Bring in a file</a>' in leads
    )
    assert f'<a href="{reverse("admin:referrals_advocate_add")}">Add advocate</a>' in nobody
    assert "?what=people" in nobody
    assert "Nothing fits." in searched
    assert 'name="action"' not in leads + nobody + searched


def test_without_a_program_pages_lead_to_making_one():
    pages = [reverse(f"admin:{name}") for name in ("whom-to-ask", "campaigns_outreachplan_starters")]

    for page in pages:
        assert f'href="{reverse("admin:referrals_program_add")}"' in client_of(superuser()).get(page).text
