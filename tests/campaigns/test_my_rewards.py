"""One reward's page, prizes, charities and mystery gifts, through the doors of advocate and friend."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from referrals.models import Enrolment
from rewards.models import Reward, RewardScheme, Standing
from rewards.services.reward import hand_out
from tests.factories import (
    CharityFactory,
    ContestFactory,
    EnrolmentFactory,
    IncentiveFactory,
    MysteryBoxFactory,
    PrizeFactory,
    ReferralFactory,
    RewardFactory,
    RewardRuleFactory,
    TierFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(client: Client) -> Enrolment:
    enrolment = EnrolmentFactory(program__slug="acme", advocate__user=User.objects.create_user("anna"))
    client.force_login(enrolment.advocate.user)
    return enrolment


def reward_of(enrolment, incentive=None, side="advocate", **changes) -> Reward:
    """A reward that was handed out."""
    incentive = incentive or IncentiveFactory(program=enrolment.program)
    rule = RewardRuleFactory(program=enrolment.program, incentive=incentive, side=side)
    return RewardFactory(
        referral=ReferralFactory(enrolment=enrolment), rule=rule, **{"status": "issued"} | changes
    )


def wrapped_of(enrolment, **changes) -> Reward:
    box = MysteryBoxFactory(incentive__program=enrolment.program)
    inside = IncentiveFactory(program=enrolment.program, name="a golden pen", how_to_use="Write.")
    return reward_of(enrolment, inside, wrapped_in=box.incentive, code="SECRET-1", **changes)


def donation_of(enrolment, **changes) -> Reward:
    gift = IncentiveFactory(program=enrolment.program, kind="donation")
    return reward_of(enrolment, gift, **changes)


def give_points(enrolment, points, now) -> None:
    pot = IncentiveFactory(program=enrolment.program, kind="points", value=points)
    reward = reward_of(enrolment, pot, status="approved", amount=points, cost=points, currency="PTS")
    hand_out(Reward.objects.filter(pk=reward.pk), now=now, by=None)


def path_of(reward) -> str:
    return f"/me/rewards/{reward.pk}/"


def test_a_reward_has_a_page_with_its_code_and_how_to_use_it(client, anna, django_assert_num_queries):
    gift = IncentiveFactory(program=anna.program, how_to_use="Show it.", link="https://acme.example/secret")
    reward = reward_of(anna, gift, code="GIFT-1")

    with django_assert_num_queries(4):
        page = client.get(path_of(reward)).text

    assert [word in page for word in ("GIFT-1", "Show it.", "https://acme.example/secret", "€40.00")] == [
        True
    ] * 4


def test_before_it_is_handed_out_neither_code_nor_content_is_told(client, anna):
    gift = IncentiveFactory(program=anna.program, how_to_use="Show it.", link="https://acme.example/secret")
    reward = reward_of(anna, gift, code="GIFT-1", status="approved")

    for path in (path_of(reward), "/me/"):
        page = client.get(path).text
        assert [word in page for word in ("GIFT-1", "Show it.", "https://acme.example/secret")] == [False] * 3


def test_what_belongs_to_somebody_else_does_not_exist(client, anna):
    theirs = wrapped_of(EnrolmentFactory(program=anna.program))
    friends = donation_of(anna, side="friend")
    elsewhere = PrizeFactory(program__slug="elsewhere")

    assert [client.get(path_of(reward)).status_code for reward in (theirs, friends)] == [404, 404]
    assert client.post(path_of(theirs), {"open": "1"}).status_code == 404
    assert client.get("/me/prizes/elsewhere/").status_code == 404
    assert client.post("/me/prizes/acme/", {"prize": elsewhere.pk, "key": uuid4()}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.opened_at is None


def test_strangers_are_asked_to_sign_in():
    for path in (f"/me/rewards/{uuid4()}/", "/me/prizes/acme/", "/me/contest/1/"):
        assert Client().get(path).url == f"/account/login/code/?next={path}"
        assert Client().post(path).url == f"/account/login/code/?next={path}"


def test_a_gift_stays_a_secret_until_it_is_opened_by_a_button(client, anna):
    gift = wrapped_of(anna)

    for path in ("/me/", path_of(gift)):
        page = client.get(path).text
        assert "A mystery gift" in page
        assert ("golden pen" in page, "SECRET-1" in page, "Write." in page) == (False, False, False)
    assert f"/p/acme/mystery/{gift.wrapped_in.pk}/" in page

    assert client.post(path_of(gift), {"open": "1"}).url == path_of(gift)
    page = client.get(path_of(gift)).text
    assert ("A golden pen" in page, "SECRET-1" in page, "Write." in page) == (True, True, True)


def test_opening_twice_is_opening_once(client, anna):
    gift = wrapped_of(anna)
    client.post(path_of(gift), {"open": "1"})
    first = Reward.objects.get(pk=gift.pk).opened_at

    client.post(path_of(gift), {"open": "1"})

    assert Reward.objects.get(pk=gift.pk).opened_at == first


@pytest.mark.parametrize("status", ["waiting", "pending", "approved", "declined", "revoked", "claimed"])
def test_a_gift_that_was_not_handed_out_cannot_be_opened(client, anna, status):
    gift = wrapped_of(anna, status=status)

    page = client.post(path_of(gift), {"open": "1"}).text

    assert "This gift cannot be opened now." in page
    assert "golden pen" not in page
    assert Reward.objects.get(pk=gift.pk).opened_at is None


def test_a_donation_goes_to_the_charity_they_choose(client, anna):
    reward = donation_of(anna, status="approved")
    sea, forest = (CharityFactory(program=anna.program, name=name) for name in ("Sea Rescue", "Forest Fund"))
    assert "Choose a charity" in client.get("/me/").text

    client.post(path_of(reward), {"charity": sea.pk})
    client.post(path_of(reward), {"charity": forest.pk})

    reward.refresh_from_db()
    assert reward.charity == forest
    assert "For Forest Fund – change" in client.get("/me/").text


def test_what_was_given_cannot_be_given_to_another(client, anna):
    first = CharityFactory(program=anna.program)
    reward = donation_of(anna, charity=first)

    page = client.post(path_of(reward), {"charity": CharityFactory(program=anna.program).pk}).text

    assert "This donation has been given, so it can no longer be changed." in page
    reward.refresh_from_db()
    assert reward.charity == first


@pytest.mark.parametrize("chosen", ["foreign", "inactive", "", "x", "9" * 40])
def test_only_a_charity_of_the_program_can_be_chosen(client, anna, chosen):
    reward = donation_of(anna)
    ids = {"foreign": CharityFactory().pk, "inactive": CharityFactory(program=anna.program, active=False).pk}

    page = client.post(path_of(reward), {"charity": ids.get(chosen, chosen)})

    assert page.status_code == 200
    assert 'role="alert"' in page.text
    reward.refresh_from_db()
    assert reward.charity is None


def test_a_gift_card_cannot_be_given_to_a_charity(client, anna):
    reward = reward_of(anna)

    client.post(path_of(reward), {"charity": CharityFactory(program=anna.program).pk})

    reward.refresh_from_db()
    assert reward.charity is None


def test_everyone_sees_what_was_given_together(client, anna):
    sea = CharityFactory(program=anna.program, name="Sea Rescue")
    for _ in range(2):
        donation_of(EnrolmentFactory(program=anna.program), charity=sea)
    donation_of(anna, charity=sea, status="approved")
    donation_of(EnrolmentFactory(), charity=CharityFactory(name="Elsewhere"))

    page = client.get("/me/").text

    assert "Given together" in page
    assert "€80.00" in page
    assert "Elsewhere" not in page


def test_points_buy_a_prize_and_the_page_says_what_comes_next(client, anna, now):
    give_points(anna, 150, now)
    prize = PrizeFactory(program=anna.program, points=100, incentive__name="a mug")
    page = client.get("/me/prizes/acme/")
    assert "You have 150 points" in page.text

    answer = client.post("/me/prizes/acme/", {"prize": prize.pk, "key": page.context["key"]})

    reward = Reward.objects.get(prize=prize)
    assert answer.url == path_of(reward)
    assert "You picked it for your points." in client.get(answer.url).text
    assert "You have 50 points" in client.get("/me/prizes/acme/").text


def test_pressing_twice_picks_one_prize(client, anna, now):
    give_points(anna, 300, now)
    form = {"prize": PrizeFactory(program=anna.program).pk, "key": uuid4()}

    answers = [client.post("/me/prizes/acme/", form).url for _ in range(2)]

    assert answers[0] == answers[1]
    assert Reward.objects.filter(prize__isnull=False).count() == 1


def test_too_few_points_are_refused_with_the_number_that_is_missing(client, anna, now):
    give_points(anna, 60, now)
    prize = PrizeFactory(program=anna.program, points=100)

    page = client.post("/me/prizes/acme/", {"prize": prize.pk, "key": uuid4()}).text

    assert "You need 40 more points for this. They come with each friend." in page
    assert "40 points to go" in page
    assert not Reward.objects.filter(prize__isnull=False).exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"active": False}, "This prize is not offered any more. Your points are untouched."),
        ({"incentive__stock": 0}, "Nothing is left of this prize. Your points are untouched."),
    ],
)
def test_a_prize_that_is_gone_takes_no_points(client, anna, now, changes, sentence):
    give_points(anna, 100, now)
    prize = PrizeFactory(program=anna.program, **changes)

    assert sentence in client.post("/me/prizes/acme/", {"prize": prize.pk, "key": uuid4()}).text
    assert "You have 100 points" in client.get("/me/prizes/acme/").text


@pytest.mark.parametrize("key", ["", "x", "../../etc"])
def test_a_form_without_its_key_is_refused(client, anna, now, key):
    give_points(anna, 100, now)
    prize = PrizeFactory(program=anna.program)

    assert "Please pick your prize again." in client.post(
        "/me/prizes/acme/", {"prize": prize.pk, "key": key}
    ).text.replace("\n", " ")
    assert not Reward.objects.filter(prize__isnull=False).exists()


@pytest.mark.parametrize("count", [1, 5])
def test_the_prizes_cost_as_many_queries_however_many(client, anna, count, django_assert_num_queries):
    for _ in range(count):
        PrizeFactory(program=anna.program)

    with django_assert_num_queries(6):
        client.get("/me/prizes/acme/")


def test_looking_changes_nothing(client, anna, now):
    give_points(anna, 100, now)
    gift, donation = wrapped_of(anna), donation_of(anna)
    charity, prize = CharityFactory(program=anna.program), PrizeFactory(program=anna.program)
    before = list(Reward.objects.order_by("pk").values())

    client.get(path_of(gift), {"open": "1"})
    client.get(path_of(donation), {"charity": charity.pk})
    client.get("/me/prizes/acme/", {"prize": prize.pk, "key": uuid4()})

    assert list(Reward.objects.order_by("pk").values()) == before


def test_another_site_cannot_open_or_pick(anna):
    gift, contest = wrapped_of(anna), ContestFactory(program=anna.program)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(anna.advocate.user)

    for path in (path_of(gift), "/me/prizes/acme/", f"/me/contest/{contest.pk}/"):
        assert strict.post(path, {"open": "1"}).status_code == 403


def test_a_friend_sees_and_opens_their_own_gift(client):
    gift = wrapped_of(EnrolmentFactory(), side="friend")
    invitation = f"/f/{gift.referral.token}/"
    path = f"{invitation}reward/{gift.pk}/"

    page = client.get(invitation).text
    assert ("A mystery gift" in page, path in page, "SECRET-1" in page) == (True, True, False)

    assert client.post(path, {"open": "1"}).url == path
    assert "SECRET-1" in client.get(invitation).text
    assert client.get(path)["Cache-Control"] == "no-store"


def test_a_friend_chooses_a_charity(client):
    reward = donation_of(EnrolmentFactory(), side="friend", status="approved")
    charity = CharityFactory(program=reward.program)

    client.post(f"/f/{reward.referral.token}/reward/{reward.pk}/", {"charity": charity.pk})

    reward.refresh_from_db()
    assert reward.charity == charity


def test_a_friends_link_opens_only_their_own_rewards(client):
    mine = wrapped_of(EnrolmentFactory(), side="friend")
    advocates = reward_of(mine.enrolment)
    token = mine.referral.token

    other = ReferralFactory()
    assert client.get(f"/f/{token}/reward/{advocates.pk}/").status_code == 404
    assert client.post(f"/f/{other.token}/reward/{mine.pk}/", {"open": "1"}).status_code == 404


def test_more_than_twenty_rewards_are_shown_on_request(client, anna):
    for _ in range(23):
        reward_of(anna)

    page = client.get("/me/").text
    assert page.count("Yours since") == 20
    assert "Show 3 more" in page
    assert client.get("/me/?all").text.count("Yours since") == 23


def test_the_ladder_says_how_far_it_is(client, anna):
    RewardScheme.objects.create(program=anna.program, has_ladder=True)
    bronze = TierFactory(program=anna.program, name="Bronze", threshold=1, perks="A card\nAn invitation")
    TierFactory(program=anna.program, name="Silver", threshold=3)
    Standing.objects.create(enrolment=anna, tier=bronze, since=anna.joined_at)

    page = client.get("/me/").text

    assert "3 more friends who become customers to “Silver”." in page
    assert "You are here" in page
    assert "<li>An invitation</li>" in page


def test_without_a_ladder_nothing_is_said_of_tiers(client, anna):
    TierFactory(program=anna.program, name="Bronze")

    assert "Bronze" not in client.get("/me/").text


@pytest.mark.parametrize("count", [1, 3])
def test_everything_at_once_costs_fourteen_queries(client, anna, now, count, django_assert_num_queries):
    RewardScheme.objects.create(program=anna.program, has_ladder=True)
    for number in range(count):
        TierFactory(program=anna.program, threshold=number)
        PrizeFactory(program=anna.program)
        ContestFactory(program=anna.program)
        donation_of(anna, charity=CharityFactory(program=anna.program))
        reward_of(anna, code="GIFT")
    wrapped_of(anna)

    with django_assert_num_queries(14):
        client.get("/me/")
