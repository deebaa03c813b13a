"""Lists that are filled by what happens say by what, while nothing has."""

import pytest

from referrals.models import Membership
from tests.cast import client_of, member_of
from tests.factories import ProgramFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ask", "A live plan asks by itself"),
        ("heldback", "Nothing had to wait so far."),
        ("byhand", "put messages here."),
        ("calltask", "put people here."),
        ("message", "The first is written when"),
        ("surveyresponse", "asks for answers."),
    ],
)
def test_an_empty_list_says_what_fills_it(name, said):
    maya = client_of(member_of(ProgramFactory()))

    page = maya.get(f"/admin/campaigns/{name}/")

    assert f"Nothing is here now. {page.context['cl'].model_admin.when_empty}" in page.text
    assert said in page.text


def test_whoever_makes_no_plans_is_not_led_to_the_ready_ones():
    program = ProgramFactory()
    maya, sam = (
        client_of(member_of(program, role)) for role in (Membership.Role.MANAGER, Membership.Role.SALES)
    )

    assert "Begin with a ready plan" in maya.get("/admin/campaigns/outreachplan/").text
    assert "Begin with a ready plan" not in sam.get("/admin/campaigns/outreachplan/").text
