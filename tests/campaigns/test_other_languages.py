"""What customers read of a program in languages other than its own."""

import pytest
from django.urls import reverse
from django.utils.translation import override

from campaigns.models import Message
from referrals.models import Program, Question, Referral
from referrals.services.conversion import record_conversion
from rewards.models import Incentive
from tests.cast import client_of, member_of
from tests.factories import (
    EnrolmentFactory,
    IncentiveFactory,
    ProfileFactory,
    ProgramFactory,
    QuestionFactory,
    ReferralFactory,
    RewardRuleFactory,
)

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:other-languages")


@pytest.fixture
def program():
    return ProgramFactory(language="en", headline="Recommend Acme", about="We keep books.")


@pytest.fixture
def manager(program):
    return client_of(member_of(program))


def translate(client, program, language="it", **words):
    """Open the page as a person does, write these over what stands there, and save."""
    url = f"{PAGE}?program={program.pk}&language={language}"
    form = client.get(url).context["form"]
    typed = {name: form[name].value() or "" for name in form.fields if not name.endswith("-right")}
    return client.post(url, typed | {name.replace("__", "-"): value for name, value in words.items()})


def in_italian(client, path):
    return client.get(path, headers={"accept-language": "it"}).text


class TestPages:
    def test_customers_read_the_promise_in_their_language_and_the_others_the_original(
        self, program, manager, client
    ):
        answer = translate(
            manager,
            program,
            **{f"program__{program.pk}__headline": "Consiglia Acme", f"program__{program.pk}__about": ""},
        )

        assert answer.status_code == 302
        assert "<h1>Consiglia Acme</h1>" in in_italian(client, f"/p/{program.slug}/")
        assert "We keep books." in in_italian(client, f"/p/{program.slug}/")
        assert "<h1>Recommend Acme</h1>" in client.get(f"/p/{program.slug}/").text

    def test_the_offer_and_the_ideal_customer_too(self, program, manager, client):
        profile = ProfileFactory(program=program, criteria="Two to ten people\nNear Rome")
        rule = RewardRuleFactory(program=program, incentive__name="a €40 gift card")
        translate(
            manager, program,
            **{f"incentive__{rule.incentive.pk}__name": "una carta regalo da €40",
               f"idealcustomerprofile__{profile.pk}__criteria": "Da due a dieci persone\nVicino a Roma"},
        )  # fmt: skip

        page = in_italian(client, f"/p/{program.slug}/")

        assert "na carta regalo da €40" in page
        assert "<li>Vicino a Roma</li>" in page
        assert "gift card" not in page

    def test_an_answer_is_read_in_italian_and_kept_as_the_original(self, program, manager, client):
        place = EnrolmentFactory(program=program)
        question = QuestionFactory(
            profile__program=program,
            text="How big?",
            kind="choice",
            choices="Small = 1\nLarge = 3",
            required=True,
        )
        translate(
            manager, program,
            **{f"question__{question.pk}__text": "Quanto grande?", f"question__{question.pk}__labels": "Mini\nMaxi"},
        )  # fmt: skip

        page = in_italian(client, f"/a/{place.token}/")
        assert "Quanto grande?" in page
        assert 'value="Large"' in page
        client.post(
            f"/a/{place.token}/",
            {"friend1-name": "Ben", "friend1-email": "ben@example.com", f"friend1-question{question.pk}": "Large",
             "agreed": "on"},
            headers={"accept-language": "it"},
        )  # fmt: skip

        referral = Referral.objects.get()
        assert [(item["question"], item["answer"]) for item in referral.answers] == [("How big?", "Large")]
        assert referral.fit == 100


class TestMails:
    def test_a_mail_names_the_reward_in_the_language_of_its_reader(self, program, manager, now):
        rule = RewardRuleFactory(program=program, incentive__name="a €40 gift card")
        translate(manager, program, **{f"incentive__{rule.incentive.pk}__name": "una carta regalo da €40"})
        referral = ReferralFactory(
            enrolment__program=program, enrolment__advocate__language="it", status="qualified"
        )

        record_conversion(referral, external_id="1", amount=9900, currency="EUR", now=now)

        message = Message.objects.get(purpose="success_thanks")
        assert message.context["promised"] == "una carta regalo da €40"


class TestOutdated:
    def test_whoever_changes_the_original_is_told_and_customers_read_what_holds(
        self, program, manager, client
    ):
        gift = RewardRuleFactory(program=program, incentive__name="a €40 gift card").incentive
        key = f"incentive__{gift.pk}__name"
        translate(manager, program, **{key: "una carta regalo da €40"})
        url = reverse("admin:rewards_incentive_change", args=[gift.pk])
        typed = {
            name: value
            for name, value in manager.get(url).context["adminform"].form.initial.items()
            if value is not None
        }

        said = manager.post(url, typed | {"name": "a €20 gift card"}, follow=True).text

        assert "translated before, into Italiano" in said
        assert "€20 gift card" in in_italian(client, f"/p/{program.slug}/")
        page = manager.get(f"{PAGE}?program={program.pk}&language=it")
        assert "1 of earlier words" in page.text
        assert '<q lang="en">a €40 gift card</q>' in page.text

    def test_saving_other_words_does_not_confirm_it(self, program, manager):
        outdate(program)

        translate(manager, program, **{f"program__{program.pk}__about": "Teniamo i conti."})

        program.refresh_from_db()
        with override("it"):
            assert (program.told.headline, program.told.about) == ("Recommend us", "Teniamo i conti.")

    def test_it_counts_again_once_somebody_says_that_it_is_right(self, program, manager):
        outdate(program)

        translate(manager, program, **{f"program__{program.pk}__headline__right": "on"})

        program.refresh_from_db()
        with override("it"):
            assert program.told.headline == "Consiglia Acme"
        assert program.outdated() == []

    def test_what_somebody_changed_meanwhile_is_looked_at_before_it_is_kept(self, program, manager):
        url = f"{PAGE}?program={program.pk}&language=it"
        seen = manager.get(url).context["form"][f"program-{program.pk}-headline-seen"].value()
        Program.objects.update(headline="Recommend us")
        typed = {
            f"program-{program.pk}-headline": "Consiglia Acme",
            f"program-{program.pk}-headline-seen": seen,
        }

        page = manager.post(url, typed)

        assert "These words were changed meanwhile" in page.text
        assert 'value="Consiglia Acme"' in page.text
        assert "Recommend us" in page.text
        again = {name: page.context["form"][name].value() for name in typed}
        assert manager.post(url, again).status_code == 302
        assert Program.objects.get().translations["it"]["headline"]["of"] == "Recommend us"


class TestRefusals:
    def test_every_answer_needs_its_line_and_nothing_typed_is_lost(self, program, manager):
        question = QuestionFactory(profile__program=program, kind="choice", choices="Small = 1\nLarge = 3")

        page = translate(
            manager, program,
            **{f"question__{question.pk}__labels": "Piccola", f"program__{program.pk}__headline": "Consiglia Acme"},
        )  # fmt: skip

        assert "There are 2 answers, one a line; here are 1." in page.text
        assert 'value="Consiglia Acme"' in page.text
        assert Program.objects.get().translations == {}
        assert Question.objects.get().translations == {}

    def test_nobody_hides_characters_in_what_customers_read(self, program, manager):
        page = translate(manager, program, **{f"program__{program.pk}__headline": "Consiglia\u202e Acme"})

        assert "Remove the invisible characters" in page.text

    def test_an_emptied_translation_is_gone(self, program, manager):
        translate(manager, program, **{f"program__{program.pk}__headline": "Consiglia Acme"})
        translate(manager, program, **{f"program__{program.pk}__headline": ""})

        assert Program.objects.get().translations == {}


class TestWho:
    def test_sales_do_not_translate_and_another_programs_manager_finds_nothing(self, program):
        url = f"{PAGE}?program={program.pk}"

        assert client_of(member_of(program, "sales")).get(url).status_code == 403
        assert client_of(member_of(ProgramFactory())).get(url).status_code == 404

    def test_texts_of_another_program_are_not_kept(self, program, manager):
        foreign = IncentiveFactory(name="a mug")

        translate(manager, program, **{f"incentive__{foreign.pk}__name": "una tazza"})

        assert Incentive.objects.get().translations == {}

    def test_earlier_versions_say_who_translated(self, program):
        translator = member_of(program)
        translate(client_of(translator), program, **{f"program__{program.pk}__headline": "Consiglia Acme"})

        assert program.history.first().history_user == translator
        page = client_of(translator).get(reverse("admin:referrals_program_history", args=[program.pk])).text
        assert "<b>headline (it)</b>:  → Consiglia Acme" in page

    def test_the_programs_own_language_is_no_other(self, program, manager):
        page = manager.get(f"{PAGE}?program={program.pk}&language=en")

        assert page.context["language"] == "it"
        assert [row[0] for row in page.context["languages"]] == [
            "Italiano", "Русский", "Español", "Nederlands", "Français",
        ]  # fmt: skip

    def test_without_a_program_it_says_what_to_do(self, admin_client):
        assert "There is no program yet." in admin_client.get(PAGE).text


@pytest.mark.parametrize("count", [1, 3, 60])
def test_the_page_asks_the_same_number_of_queries(program, manager, count, django_assert_max_num_queries):
    IncentiveFactory.create_batch(count, program=program)

    with django_assert_max_num_queries(23):
        page = manager.get(f"{PAGE}?program={program.pk}")

    assert len(page.context["form"].texts) == 2 + count


def outdate(program):
    """The headline was translated, and then changed."""
    program.translate("headline", "it", "Consiglia Acme")
    program.headline = "Recommend us"
    program.save()
