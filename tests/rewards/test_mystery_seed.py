import pytest
from django.utils import timezone

from rewards.models import MysteryBox
from rewards.services.mystery import published
from tests.cast import client_of, member_of
from tests.factories import IncentiveFactory

pytestmark = pytest.mark.django_db


def ask(box, user):
    address = f"/admin/rewards/mysterybox/{box.pk}/step/reveal/"
    return client_of(user).post(address, {"_do": "1"}).status_code


def test_the_seed_of_a_gift_nobody_can_get_any_more_is_published():
    box = MysteryBox.objects.create(incentive=IncentiveFactory(kind="mystery", active=False))

    assert ask(box, member_of(box.incentive.program)) == 302

    box.refresh_from_db()
    assert box.revealed_at <= timezone.now()
    assert published(box)["seed"] == box.seed


def test_the_seed_of_a_gift_that_is_still_given_away_stays_secret():
    box = MysteryBox.objects.create(incentive=IncentiveFactory(kind="mystery"))

    ask(box, member_of(box.incentive.program))

    box.refresh_from_db()
    assert "seed" not in published(box)


@pytest.mark.parametrize("role", ["sales", "support", "analyst"])
def test_only_a_manager_publishes_a_seed(role):
    box = MysteryBox.objects.create(incentive=IncentiveFactory(kind="mystery", active=False))

    assert ask(box, member_of(box.incentive.program, role)) == 403
    assert ask(box, member_of(IncentiveFactory().program)) == 404
