import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone

from referrals.models import SiteWidget
from rewards.models import Standing
from tests.cast import client_of, fresh_client_of, member_of
from tests.factories import (
    EnrolmentFactory,
    PrizeFactory,
    ProgramFactory,
    ReferralFactory,
    RewardSchemeFactory,
    SiteWidgetFactory,
    TierFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def widget():
    return SiteWidgetFactory()


@pytest.fixture
def place(widget):
    return EnrolmentFactory(program=widget.program, advocate__external_id="C7", advocate__name="Anna Rossi")


def address(widget, customer="C7", *, at=None, page="", sign=None):
    moment = int((at or timezone.now()).timestamp())
    return (
        f"/w/{widget.key}/{page}?customer={customer}&at={moment}&sign={sign or widget.sign(customer, moment)}"
    )


def test_a_customer_sees_their_link_and_how_their_friends_fare(client, widget, place):
    ReferralFactory(enrolment=place, status="converted")
    ReferralFactory(enrolment=place)

    page = client.get(address(widget))

    assert f"/r/{place.code}/?c=widget" in page.text
    assert "2 friends named, of whom 1 became customers." in page.text
    assert 'target="_blank"' in page.text


def test_only_the_programs_sites_may_frame_it_and_nothing_is_kept(client, widget, place):
    page = client.get(address(widget))

    assert "frame-ancestors https://shop.example.com" in page.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in page.headers
    assert page.headers["Cache-Control"] == "no-store"
    assert page.cookies == {}
    assert "frame-ancestors 'none'" in client.get("/").headers["Content-Security-Policy"]


@pytest.mark.parametrize("customer", ["C7", "C8"])
def test_every_link_in_the_frame_opens_a_tab_for_no_other_page_of_ours_may_be_framed(
    client, widget, place, customer
):
    widget.program.privacy_url = "https://shop.example.com/privacy"
    widget.program.save(update_fields=["privacy_url"])

    page = client.get(address(widget, customer)).text

    links = [link for link in re.findall(r"<a [^>]+>", page) if 'href="#' not in link]
    assert links != []
    assert [link for link in links if 'target="_blank"' not in link] == []


def test_the_same_as_json_for_the_programs_sites_alone(client, widget, place):
    url = address(widget, page="data.json")

    ours = client.get(url, headers={"origin": "https://shop.example.com"})
    other = client.get(url, headers={"origin": "https://evil.example.com"})

    assert ours.json()["advocate"]["code"] == place.code
    assert ours.headers["Access-Control-Allow-Origin"] == "https://shop.example.com"
    assert "Access-Control-Allow-Origin" not in other.headers


def test_ready_words_count_for_the_widget_and_the_standing_is_told(client, widget, place):
    RewardSchemeFactory(program=widget.program, has_ladder=True)
    silver, gold = (
        TierFactory(program=widget.program, name=name, threshold=threshold)
        for name, threshold in (("Silver", 1), ("Gold", 3))
    )
    Standing.objects.create(enrolment=place, tier=silver, since=timezone.now())
    PrizeFactory(program=widget.program)
    ReferralFactory(enrolment=place, status="converted")

    page, data = client.get(address(widget)).text, client.get(address(widget, page="data.json")).json()

    told = data["advocate"]
    assert f"/r/{place.code}/?c=widget" in told["words"]
    assert "?c=email" not in page + told["words"]
    assert page.count(f"/r/{place.code}/?c=widget") == 2
    assert told["standing"] == {
        "tier": "Silver", "next_tier": gold.name, "distance": "3 more friends who become customers", "points": 0,
    }  # fmt: skip
    assert "<strong>Silver</strong>" in page
    assert "3 more friends who become customers to “Gold”." in page


def test_a_customer_who_is_no_advocate_yet_is_shown_the_way_in(client, widget):
    page = client.get(address(widget, "C8"))

    assert f"/p/{widget.program.slug}/refer/" in page.text
    assert client.get(address(widget, "C8", page="data.json")).json()["advocate"] is None


def test_what_the_companys_server_did_not_sign_shows_nothing(client, widget, place):
    stranger = SiteWidgetFactory(program=ProgramFactory(status="paused"))
    now = timezone.now()

    for url in (
        address(widget, sign="0" * 64),
        address(widget, sign="ü"),
        address(widget, at=now - timedelta(hours=25)),
        address(widget, at=now + timedelta(hours=1)),
        address(widget).replace("customer=C7", "customer=C8"),
        address(widget).replace(widget.key, "unknown"),
        f"/w/{widget.key}/",
        address(stranger),
    ):
        assert client.get(url).status_code == 404, url
    assert client.post(address(widget)).status_code == 405


@pytest.mark.parametrize("friends", [1, 3])
def test_the_widget_takes_the_same_queries_however_many_friends(
    client, widget, place, friends, django_assert_num_queries
):
    ReferralFactory.create_batch(friends, enrolment=place)
    url = address(widget)

    with django_assert_num_queries(6):
        client.get(url)


def test_the_snippet_is_small_and_needs_nothing():
    text = Path(finders.find("js/goodword.js")).read_text()

    assert len(text.encode()) <= 2048
    assert "cookie" not in text
    assert "fetch" not in text


def test_a_friend_can_go_on_to_the_companys_site_with_the_code(client, place):
    place.program.site_url = "https://shop.example.com/welcome?a=1#top"
    place.program.save()

    page = client.get(f"/r/{place.code}/")

    assert f"https://shop.example.com/welcome?a=1&amp;gw={place.code}#top" in page.text


def test_a_manager_names_sites_and_copies_the_snippet():
    program = ProgramFactory()
    desk = fresh_client_of(member_of(program))
    url = "/admin/referrals/sitewidget/add/"

    refused = desk.post(url, {"program": program.pk, "origins": "https://shop.example.com/path\nshop"})
    assert "is no site. Write one a line" in refused.text
    desk.post(url, {"program": program.pk, "origins": "https://shop.example.com"})

    widget = SiteWidget.objects.get()
    page = desk.get(f"/admin/referrals/sitewidget/{widget.pk}/change/")
    assert "/static/js/goodword.js&quot; data-days=&quot;90&quot; defer" in page.text
    assert "integrity" not in page.text
    assert widget.secret not in page.text
    assert widget.secret in desk.get(f"/admin/referrals/sitewidget/{widget.pk}/show-secret/").text
    analyst = client_of(member_of(program, "analyst")).get(f"/admin/referrals/sitewidget/{widget.pk}/change/")
    assert widget.secret not in analyst.text
