"""Tags are listed, renamed, made one of several, and deleted when nothing goes by them."""

import re

import pytest
from django.urls import reverse

from campaigns.models import OutreachPlan
from campaigns.services.tag import merge_tags
from referrals.models import Membership, Segment, Tag, Tagging
from tests.cast import client_of, member_of, said
from tests.factories import NOW, AdvocateFactory, OutreachPlanFactory, ProgramFactory, TagFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/referrals/tag/"


@pytest.fixture
def maya():
    return client_of(member_of(ProgramFactory()))


def bear(tag, *people):
    for person in people:
        Tagging.objects.create(advocate=person, tag=tag, added_at=NOW)


def waits_for(tag):
    return OutreachPlanFactory(trigger=OutreachPlan.Trigger.TAG, about=tag.name)


def goes_by(tag):
    rows = [{"field": "tag", "is": "is", "value": tag.pk}, {"field": "kind", "is": "is", "value": "partner"}]
    return Segment.objects.create(name=f"S{tag.pk}", conditions=rows)


def test_the_list_says_how_many_bear_each_in_as_many_queries_for_one_as_for_three(
    maya, django_assert_max_num_queries
):
    bear(TagFactory(name="vip"), *AdvocateFactory.create_batch(2))
    maya.get(LIST)
    counts = []
    for _more in range(2):
        with django_assert_max_num_queries(12) as seen:
            shown = maya.get(LIST).content.decode()
        counts.append(len(seen))
        for _tag in range(3):
            bear(TagFactory(), AdvocateFactory())

    assert counts[0] == counts[1]
    assert "2" in re.findall(r'<td class="field-borne_by[^"]*">(\d+)</td>', shown)


def test_a_tag_gets_another_name_and_plans_wait_for_that(maya):
    tag = TagFactory(name="vip")
    plan = waits_for(tag)

    maya.post(f"{LIST}{tag.pk}/change/", {"name": "VIP customer"})

    tag.refresh_from_db()
    plan.refresh_from_db()
    assert (tag.name, plan.about) == ("VIP customer", "VIP customer")


def test_several_become_one_wherever_they_are_used(maya):
    one, two, three = (TagFactory(name=name) for name in ("vip", "v.i.p.", "very important"))
    anna, ben, cleo = AdvocateFactory.create_batch(3)
    bear(one, anna)
    bear(two, anna, ben)
    bear(three, ben, cleo)
    plan, segment = waits_for(two), goes_by(three)
    chosen = {"action": "merge", "_selected_action": [one.pk, two.pk, three.pk], "_do": "1", "into": one.pk}

    answer = maya.post(LIST, chosen, follow=True)

    plan.refresh_from_db()
    segment.refresh_from_db()
    assert list(Tag.objects.all()) == [one]
    assert set(Tagging.objects.values_list("advocate", flat=True)) == {anna.pk, ben.pk, cleo.pk}
    assert Tagging.objects.count() == 3
    assert (plan.about, [row["value"] for row in segment.conditions]) == ("vip", [one.pk, "partner"])
    assert said(answer)[0].level in ("success", "warning")


@pytest.mark.parametrize("count", [1, 3])
def test_merging_costs_so_much_a_tag_and_nothing_a_person(count, django_assert_num_queries):
    into, other = TagFactory(), TagFactory()
    bear(other, *AdvocateFactory.create_batch(count))

    with django_assert_num_queries(10):
        assert merge_tags([other], into) == 1


def test_what_goes_by_a_tag_keeps_it(maya):
    tag = TagFactory(name="vip")
    waits_for(tag)
    goes_by(tag)

    answer = maya.post(f"{LIST}{tag.pk}/delete/", {"post": "yes"}, follow=True)

    assert said(answer)[0].text.startswith(
        f"It is used by the plan “{OutreachPlan.objects.get().name}”, the segment"
    )
    OutreachPlan.objects.all().delete()
    Segment.objects.all().delete()
    maya.post(f"{LIST}{tag.pk}/delete/", {"post": "yes"})
    assert not Tag.objects.exists()


def test_sales_look_and_change_nothing():
    tag = TagFactory(name="vip")
    vera = client_of(member_of(ProgramFactory(), Membership.Role.SALES))

    assert vera.get(LIST).status_code == 200
    assert vera.post(f"{LIST}{tag.pk}/change/", {"name": "other"}).status_code == 403
    assert (
        vera.post(reverse("admin:referrals_tag_step", args=[tag.pk, "merge"]), {"_do": "1"}).status_code
        == 403
    )
