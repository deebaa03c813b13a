"""Each event five times, in any order, some forged and some late: one effect each."""

import json
import random
import shutil
import subprocess
from datetime import timedelta
from functools import cache

import pytest

from referrals.models import Conversion, Event, HookDelivery
from referrals.webhooks import secret_of
from tests.factories import HOOK_SECRET, ReferralFactory
from tests.referrals.test_hook import connect, paid, send, signed

pytestmark = pytest.mark.django_db
TIMES, BAD = 5, 0.1
FORGED = "whsec_Zm9yZ2VkLWJ5LXNvbWVib2R5LWVsc2U="


@pytest.mark.parametrize("count", [4, pytest.param(1000, marks=pytest.mark.thorough)])
def test_what_comes_five_times_forged_and_late_counts_once(now, count):
    source, chance = connect(), random.Random(count)
    place = ReferralFactory(enrolment__program=source.program, submitted_at=now).enrolment
    calls = [(number, copy) for number in range(count) for copy in range(TIMES)]
    # Of each event at least one copy is as it should be.
    spoilt = [call for call in calls if call[1]]
    bad = chance.sample(spoilt, int(2 * BAD * len(calls)))
    forged, late = set(bad[::2]), set(bad[1::2])
    chance.shuffle(calls)

    said = []
    for number, copy in calls:
        more = {"secret": FORGED} if (number, copy) in forged else {}
        more |= {"at": now - timedelta(minutes=6)} if (number, copy) in late else {}
        order = paid(f"A{number}", email=f"ben{number}@friend.example", code=place.code)
        said.append(send(source, order, now=now, key=f"msg_{number}", **more).status)

    assert (said.count(401), said.count(200)) == (len(bad), len(calls) - len(bad))
    assert Conversion.objects.count() == HookDelivery.objects.count() == count
    assert Event.objects.filter(kind=Event.Kind.CONVERSION_RECORDED).count() == count
    source.refresh_from_db()
    assert source.refused == len(bad)


@cache
def has_package() -> bool:
    """Whether node finds the JavaScript package of Standard Webhooks here (NODE_PATH says where)."""
    node = shutil.which("node")
    asked = [node, "-e", "require('standardwebhooks')"]
    return bool(node) and subprocess.run(asked, capture_output=True, check=False).returncode == 0


@pytest.mark.thorough
def test_the_package_for_javascript_reads_our_signatures_and_we_read_its(now):
    # It is a package of another language, which the product does not need; .ci/run brings it.
    if not has_package():
        pytest.skip("node or its package standardwebhooks is not here")
    secret = secret_of("endpoint:1:1")
    headers, body = signed({"type": "reward.issued"}, key="msg_1", at=now, secret=secret)
    script = """
        const { Webhook } = require("standardwebhooks");
        const { ours, secret, body, headers, at } = JSON.parse(process.argv[1]);
        Date.now = () => at * 1000;
        const read = new Webhook(ours).verify(body, headers);
        const made = new Webhook(secret).sign("msg_2", new Date(at * 1000), body);
        console.log(JSON.stringify({ read, made }));
    """
    order = json.dumps(paid())
    told = {
        "ours": secret,
        "secret": HOOK_SECRET,
        "body": body,
        "headers": headers,
        "at": int(now.timestamp()),
    }

    def node(**more):
        asked = ["node", "-e", script, json.dumps(told | more)]
        return json.loads(subprocess.run(asked, capture_output=True, check=True, text=True).stdout)

    assert node()["read"] == {"type": "reward.issued"}
    theirs = node(ours=HOOK_SECRET, body=order, headers=signed(paid(), key="msg_1", at=now)[0])["made"]
    assert signed(paid(), key="msg_2", at=now)[0]["webhook-signature"] == theirs
