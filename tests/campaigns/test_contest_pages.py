"""A contest and a mystery gift, before and after the draw, for anybody and for whoever takes part."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from referrals.models import Enrolment
from rewards.models import Contest, ContestAction, ContestEntry, ContestPrize, MysteryOutcome
from rewards.services.contest import draw
from rewards.services.grant import grant_rewards
from tests.factories import (
    ContestFactory,
    EnrolmentFactory,
    EventFactory,
    IncentiveFactory,
    MysteryBoxFactory,
    ProgramFactory,
    RewardRuleFactory,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def anna(client: Client) -> Enrolment:
    enrolment = EnrolmentFactory(program__slug="acme", advocate__user=User.objects.create_user("anna"))
    client.force_login(enrolment.advocate.user)
    return enrolment


def enter(contest, enrolment, weight):
    return ContestEntry.objects.create(
        contest=contest,
        enrolment=enrolment,
        event=EventFactory(),
        weight=weight,
        entered_at=contest.starts_at,
    )


def drawn_contest(enrolment, now) -> Contest:
    contest = ContestFactory(program=enrolment.program, ends_at=now - DAY)
    ContestPrize.objects.create(
        contest=contest, place=1, incentive=IncentiveFactory(program=enrolment.program, name="a bicycle")
    )
    enter(contest, enrolment, 3)
    draw(contest, now=now)
    contest.refresh_from_db()
    return contest


def test_before_the_draw_the_rules_and_the_fingerprint_are_public(client, django_assert_num_queries):
    contest = ContestFactory(program__slug="acme", about="Open to adults.")
    ContestAction.objects.create(contest=contest, when="referral.submitted", weight=5)
    ContestPrize.objects.create(
        contest=contest, place=1, incentive=IncentiveFactory(program=contest.program, name="a bicycle")
    )

    with django_assert_num_queries(3):
        page = client.get(f"/p/acme/contest/{contest.pk}/").text

    for words in ("Spring contest", "Open to adults.", "5 chances", "A bicycle", contest.seed_hash):
        assert words in page
    assert contest.seed not in page
    assert contest.seed not in client.get(f"/p/acme/contest/{contest.pk}/draw.json").text


def test_after_the_draw_anybody_can_repeat_it(client, anna, now, tmp_path):
    contest = drawn_contest(anna, now)

    page = Client().get(f"/p/acme/contest/{contest.pk}/").text
    file = Client().get(f"/p/acme/contest/{contest.pk}/draw.json")

    assert contest.seed in page
    assert anna.code in page
    assert anna.advocate.name not in page + file.text
    assert file["Content-Disposition"] == f'attachment; filename="contest-{contest.pk}.json"'
    path = tmp_path / "draw.json"
    path.write_text(file.text)
    said = StringIO()
    call_command("verify_draw", str(path), stdout=said)
    assert said.getvalue() == f"The draw is as published: {anna.code}.\n"


@pytest.mark.parametrize(
    "path",
    [
        "/p/acme/contest/{later}/",
        "/p/other/contest/{pk}/",
        "/p/acme/contest/999/",
        "/p/other/contest/{pk}/draw.json",
    ],
)
def test_what_has_not_begun_or_is_not_of_this_program_does_not_exist(client, now, path):
    contest = ContestFactory(program__slug="acme")
    later = ContestFactory(program=contest.program, starts_at=contest.ends_at - DAY)
    ProgramFactory(slug="other")

    assert client.get(path.format(pk=contest.pk, later=later.pk)).status_code == 404


def test_the_contest_of_a_draft_does_not_exist(client):
    contest = ContestFactory(program__slug="acme", program__status="draft")

    assert client.get(f"/p/acme/contest/{contest.pk}/").status_code == 404


def test_public_pages_take_no_forms(client):
    contest = ContestFactory(program__slug="acme")

    assert client.post(f"/p/acme/contest/{contest.pk}/").status_code == 405


def test_people_see_their_chances_and_place_and_the_names_that_others_show(client, anna):
    contest = ContestFactory(program=anna.program)
    enter(contest, anna, 3)
    shy = EnrolmentFactory(program=anna.program, advocate__name="Dora Novak", advocate__show_name=False)
    open_one = EnrolmentFactory(program=anna.program, advocate__name="Cleo Marin")
    enter(contest, shy, 5)
    enter(contest, open_one, 3)

    page = client.get(f"/me/contest/{contest.pk}/")

    assert [tuple(leader) for leader in page.context["leaders"]] == [
        (1, "Somebody", 5, False), (2, "You", 3, True), (2, "Cleo", 3, False),
    ]  # fmt: skip
    assert "You have 3 chances" in page.text
    assert "That is place 2." in page.text
    assert "Marin" not in page.text


@pytest.mark.parametrize("count", [1, 12])
def test_the_board_costs_as_many_queries_with_one_as_with_many(
    client, anna, count, django_assert_num_queries
):
    contest = ContestFactory(program=anna.program)
    enter(contest, anna, 1)
    for _ in range(count):
        enter(contest, EnrolmentFactory(program=anna.program), 2)

    with django_assert_num_queries(10):
        page = client.get(f"/me/contest/{contest.pk}/")

    assert len(page.context["leaders"]) == min(count + 1, 10)


def test_the_free_chance_is_given_once_and_only_on_request(client, anna):
    contest = ContestFactory(program=anna.program)
    path = f"/me/contest/{contest.pk}/"
    client.get(path)
    assert ContestEntry.objects.count() == 0

    for _ in range(2):
        assert client.post(path).url == path

    assert ContestEntry.objects.get().weight == 1
    assert "Your free chance is among them." in client.get(path).text


@pytest.mark.parametrize("changes", [{"free_entry": False}, {"ends_at": "2026-03-03T00:00:00Z"}])
def test_a_contest_that_takes_no_free_entries_says_so(client, anna, changes):
    contest = ContestFactory(program=anna.program, **changes)

    assert "This contest takes no entries now." in client.post(f"/me/contest/{contest.pk}/").text
    assert ContestEntry.objects.count() == 0


def test_the_contest_of_another_program_does_not_exist(client, anna):
    contest = ContestFactory()

    assert client.get(f"/me/contest/{contest.pk}/").status_code == 404
    assert client.post(f"/me/contest/{contest.pk}/").status_code == 404


def test_the_winner_reads_what_was_won(client, anna, now):
    contest = drawn_contest(anna, now)

    assert "You won a bicycle" in client.get(f"/me/contest/{contest.pk}/").text


def test_the_odds_of_a_mystery_gift_are_public_and_its_seed_is_not(client):
    box = MysteryBoxFactory(incentive__program__slug="acme")
    for name, chances in (("a mug", 3), ("a bicycle", 1)):
        incentive = IncentiveFactory(program=box.incentive.program, name=name)
        MysteryOutcome.objects.create(box=box, incentive=incentive, chances=chances)

    page = client.get(f"/p/acme/mystery/{box.incentive.pk}/").text
    file = client.get(f"/p/acme/mystery/{box.incentive.pk}/draw.json").text

    assert "3 in 4 (75 %)" in page
    assert "1 in 4 (25 %)" in page
    assert box.seed_hash in page
    assert box.seed not in page + file


def test_an_empty_box_has_no_odds_and_no_error(client):
    box = MysteryBoxFactory(incentive__program__slug="acme")

    assert "Nothing has been put into it yet." in client.get(f"/p/acme/mystery/{box.incentive.pk}/").text


def test_a_box_is_found_in_its_own_program_only(client):
    box = MysteryBoxFactory(incentive__program__slug="acme")
    ProgramFactory(slug="other")

    assert client.get(f"/p/other/mystery/{box.incentive.pk}/").status_code == 404
    assert client.get("/p/acme/mystery/999/").status_code == 404


@pytest.mark.parametrize("forged", [False, True])
def test_what_gifts_turned_out_to_be_can_be_repeated_once_the_seed_is_public(
    client, anna, now, tmp_path, forged
):
    box = MysteryBoxFactory(incentive__program=anna.program)
    for name in ("a mug", "a bicycle", "a pen"):
        MysteryOutcome.objects.create(box=box, incentive=IncentiveFactory(program=anna.program, name=name))
    RewardRuleFactory(program=anna.program, incentive=box.incentive, when="review.left")
    grant_rewards(
        [EventFactory(kind="review.left", program=anna.program, advocate=anna.advocate) for _ in range(4)],
        now=now,
    )
    box.revealed_at = now
    box.save()

    facts = json.loads(client.get(f"/p/acme/mystery/{box.incentive.pk}/draw.json").text)
    if forged:
        facts["gifts"][0][1] = "a yacht"
    path = tmp_path / "mystery.json"
    path.write_text(json.dumps(facts))
    said = StringIO()

    if forged:
        with pytest.raises(CommandError, match="a yacht"):
            call_command("verify_draw", str(path))
    else:
        call_command("verify_draw", str(path), stdout=said)
        assert said.getvalue() == "All 4 gifts are as published.\n"
