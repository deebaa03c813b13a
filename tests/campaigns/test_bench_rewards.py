"""The bench's own judgement: it must see a sale that was acknowledged and is gone, and one that is there twice."""

import pytest

from campaigns.bench.reported import compare, count_reported, report_sales
from referrals.models import Conversion
from rewards.models import Reward
from tests.factories import ApiKeyFactory, EnrolmentFactory, RewardRuleFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_acknowledged_is_looked_for_and_what_is_gone_or_double_is_seen(live_server):
    place = EnrolmentFactory()
    for side in ("advocate", "friend"):
        RewardRuleFactory(program=place.program, side=side)
    key = ApiKeyFactory(program=place.program)

    report = report_sales(
        live_server.thread.port, key.text, [place.code], sales=4, threads=1, number=0, at_once=2
    )
    said, kept = compare([report], count_reported())

    assert kept, said
    # The one that was sent twice was told twice.
    assert len(report["acknowledged"]) == 5
    one = Reward.objects.filter(side="friend").first()
    Reward.objects.filter(pk=one.pk).update(side="advocate")
    assert not compare([report], count_reported())[1]
    Conversion.objects.filter(external_id=report["acknowledged"][0]).update(external_id="gone")
    assert "1 of them missing" in compare([report], count_reported())[0]
