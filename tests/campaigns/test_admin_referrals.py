import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Message
from referrals.models import Conversion, Enrolment, Event, FollowUp, Referral
from rewards.models import Reward
from tests.cast import client_of, member_of, said, superuser
from tests.factories import (
    AdvocateFactory,
    EnrolmentFactory,
    FollowUpFactory,
    ProgramFactory,
    ReferralFactory,
    RewardRuleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
LIST = reverse("admin:referrals_referral_changelist")


def step(referral, name):
    return reverse("admin:referrals_referral_step", args=[referral.pk, name])


def take(referral, name, user=None, /, **typed):
    client = client_of(user or member_of(referral.program, "sales"))
    response = client.post(step(referral, name), {"_do": "1", **typed}, follow=True)
    referral.refresh_from_db()
    return response


def test_a_step_says_what_it_did_and_writes_the_log():
    referral = ReferralFactory()
    sam = member_of(referral.program, "sales")

    response = take(referral, "qualified", sam, note="Wants an offer")

    assert said(response) == [("success", "Qualified: Ben Weber.")]
    assert (referral.status, referral.status_note) == ("qualified", "Wants an offer")
    assert Event.objects.get().actor == sam
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (sam, str(referral.pk), "Qualified")


def test_a_step_that_the_rules_refuse_says_why():
    referral = ReferralFactory(status="converted")

    response = take(referral, "contacted", note="")

    assert said(response) == [("warning", "1 was left as it is: Ben Weber is “customer”.")]
    assert referral.status == "converted"
    assert LogEntry.objects.count() == 0


def test_a_sale_is_typed_in_major_units_and_pays_once():
    referral = ReferralFactory()
    RewardRuleFactory(program=referral.program)

    for _ in range(2):
        take(referral, "converted", amount="129.50", order="A-1", sold_on="2026-03-01")

    assert [(c.amount, c.currency, c.external_id) for c in Conversion.objects.all()] == [
        (12950, "EUR", "A-1")
    ]
    assert (referral.status, Reward.objects.count()) == ("converted", 1)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"amount": "1.005"}, "Write no more decimals than EUR has."),
        ({"amount": "-5"}, "Ensure this value is greater than or equal to 0."),
        ({"amount": "lots"}, "Enter a number."),
        ({"amount": ""}, "This field is required."),
    ],
)
def test_a_wrong_amount_is_refused_and_what_was_typed_stays(typed, sentence):
    referral = ReferralFactory()

    response = take(referral, "converted", order="A-77", **typed)

    assert response.context["form"].errors["amount"] == [sentence]
    assert 'value="A-77"' in response.content.decode()
    assert Conversion.objects.count() == 0


def test_an_order_of_another_friend_is_refused_with_a_sentence():
    first = ReferralFactory()
    second = ReferralFactory(enrolment=first.enrolment)
    take(first, "converted", amount="10", order="A-1")

    response = take(second, "converted", amount="10", order="A-1")

    assert response.context["form"].non_field_errors() == [
        "Order “A-1” is recorded already, with another amount or friend. Check the number."
    ]
    assert second.status == "submitted"


def test_many_at_once_say_how_many_moved_and_how_many_did_not():
    first = ReferralFactory(name="Ben Weber")
    others = [
        ReferralFactory(enrolment=first.enrolment, name="Cleo Marin"),
        ReferralFactory(enrolment=first.enrolment, name="Dora Lang", status="converted"),
    ]
    chosen = {"action": "lost", "_selected_action": [first.pk, *(row.pk for row in others)]}
    client = client_of(member_of(first.program))

    asked = client.post(LIST, chosen)
    done = client.post(LIST, {**chosen, "_do": "1", "reason": "price", "note": ""}, follow=True)

    assert asked.context["count"] == 3
    assert sorted(Referral.objects.values_list("status", flat=True)) == ["converted", "lost", "lost"]
    assert said(done) == [
        ("success", "Lost: 2 moved."),
        ("warning", "1 was left as it is: Dora Lang is “customer”."),
    ]


def test_hand_over_offers_only_colleagues_who_can_call():
    referral = ReferralFactory()
    eve, gone = member_of(referral.program, "sales"), member_of(referral.program, "sales")
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)

    for other in (UserFactory(), member_of(referral.program, "analyst"), gone):
        refused = take(referral, "hand-over", eve, owner=other.pk)
        assert refused.context["form"].errors["owner"] == [
            "Select a valid choice. That choice is not one of the available choices."
        ]
    take(referral, "hand-over", eve, owner=eve.pk)

    assert referral.owner == eve


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": "Buy at www.spam.example"}, "name"),
        ({"email": "no address"}, "email"),
        ({"email": "cleo@friend.example"}, "email"),
        ({"phone": "12"}, "phone"),
        ({"company": "x\u202ey"}, "company"),
    ],
)
def test_a_wrong_correction_is_refused_at_its_field(typed, field):
    referral = ReferralFactory(email="ben@friend.example")
    ReferralFactory(enrolment=referral.enrolment, email="cleo@friend.example")

    response = take(referral, "correct", **{"name": "Ben", "email": "", "phone": "", "company": ""} | typed)

    assert list(response.context["form"].errors) == [field]
    assert referral.name == "Ben Weber"


def test_a_corrected_friend_is_corrected():
    referral = ReferralFactory()

    take(
        referral,
        "correct",
        name="Ben Webber",
        email="BEN@friend.example",
        phone="+39 06 98765432",
        company="",
    )

    assert (referral.name, referral.phone) == ("Ben Webber", "+390698765432")


def test_the_page_tells_the_whole_history_in_words():
    referral = ReferralFactory()
    sam = member_of(referral.program, "sales")
    sam.first_name, sam.last_name = "Sam", "Ode"
    sam.save()
    take(referral, "lost", sam, reason="price", note="Too small")

    html = client_of(sam).get(reverse("admin:referrals_referral_change", args=[referral.pk])).content.decode()

    for words in ("new → lost", "too expensive · Too small", "Sam Ode"):
        assert words in html


def test_what_a_friend_wrote_is_shown_as_text():
    referral = ReferralFactory(name="Ben Weber", note="<script>alert(1)</script>", company="<b>x</b>")

    html = (
        client_of(superuser())
        .get(reverse("admin:referrals_referral_change", args=[referral.pk]))
        .content.decode()
    )

    assert "<script>alert" not in html
    assert "<b>x</b>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


class TestAddingOne:
    url = reverse("admin:referrals_referral_add")

    def typed(self, enrolment, **more):
        return {
            "enrolment": enrolment.pk, "name": "Ben Weber", "email": "ben@friend.example", "phone": "",
            "company": "", "relation": "", "agreement": "Anna asked Ben on the phone.",
        } | more  # fmt: skip

    def test_a_friend_named_on_the_phone_is_taken_in_like_any_other(self):
        enrolment = EnrolmentFactory()
        sam = member_of(enrolment.program, "sales")

        client_of(sam).post(self.url, self.typed(enrolment))

        referral = Referral.objects.get()
        assert (referral.source, referral.consents.get().words) == ("staff", "Anna asked Ben on the phone.")
        assert FollowUp.objects.open().count() == 1
        assert Event.objects.get(kind="referral.submitted").actor == sam
        assert Message.objects.filter(purpose="invitation").count() == 1

    @pytest.mark.parametrize(
        ("more", "field", "sentence"),
        [
            (
                {"email": "ANNA@customer.example"},
                "email",
                "This is the advocate's own address. Whom do they recommend?",
            ),
            (
                {"email": ""},
                "email",
                "Give an e-mail address or a phone number: otherwise nobody reaches them.",
            ),
            ({"agreement": ""}, "agreement", "This field is required."),
            ({"name": "x" * 61}, "name", "Ensure this value has at most 60 characters (it has 61)."),
        ],
    )
    def test_what_is_wrong_is_said_at_the_field(self, more, field, sentence):
        enrolment = EnrolmentFactory(advocate=AdvocateFactory(email="anna@customer.example"))

        response = client_of(member_of(enrolment.program)).post(self.url, self.typed(enrolment, **more))

        assert response.context["form"].errors[field] == [sentence]
        assert Referral.objects.count() == 0

    def test_a_foreign_advocate_is_no_choice(self):
        enrolment = EnrolmentFactory()

        response = client_of(member_of(ProgramFactory())).post(self.url, self.typed(enrolment))

        assert list(response.context["form"].errors) == ["enrolment"]
        assert Referral.objects.count() == 0

    def test_whoever_may_not_add_is_refused(self):
        enrolment = EnrolmentFactory()

        response = client_of(member_of(enrolment.program, "analyst")).post(self.url, self.typed(enrolment))

        assert (response.status_code, Referral.objects.count()) == (403, 0)


class TestTheCallQueue:
    def test_a_call_is_logged_with_one_press_and_leads_back_to_the_queue(self):
        call = FollowUpFactory()
        sam = member_of(call.referral.program, "sales")
        url = reverse("admin:referrals_followup_step", args=[call.pk, "reached"])

        response = client_of(sam).post(url, {"_do": "1", "note": "Likes it"}, follow=True)

        call.refresh_from_db()
        assert (call.outcome, call.note, call.done_by) == ("reached", "Likes it", sam)
        assert Referral.objects.get().status == "contacted"
        assert response.redirect_chain[-1][0] == reverse("admin:calls")

    def test_a_call_logged_twice_says_so(self):
        call = FollowUpFactory()
        sam = member_of(call.referral.program, "sales")
        client = client_of(sam)
        url = reverse("admin:referrals_followup_step", args=[call.pk, "no-answer"])
        client.post(url, {"_do": "1"})

        response = client.post(url, {"_do": "1"})

        assert response.context["form"].non_field_errors() == [
            f"{sam} has logged this call already: not reached. Nothing was changed; open the referral to go on."
        ]
        assert FollowUp.objects.count() == 2

    def test_the_queue_begins_with_what_is_due_first_and_hides_what_is_done(self):
        program = ProgramFactory()
        day = timezone.timedelta(days=1)
        now = timezone.now()
        late, later = (
            FollowUpFactory(referral__enrolment__program=program, due_at=now + day * n) for n in (-2, -1)
        )
        FollowUpFactory(referral__enrolment__program=program, done_at=now)
        client = client_of(member_of(program, "sales"))

        shown = client.get(reverse("admin:referrals_followup_changelist")).context["cl"].result_list
        overdue = client.get(reverse("admin:referrals_followup_changelist"), {"when": "overdue"})

        assert list(shown) == [late, later]
        assert overdue.context["cl"].result_count == 2

    def test_the_page_has_the_number_to_press(self):
        call = FollowUpFactory(referral__phone="+390698765432", referral__name="Ben Weber")

        html = (
            client_of(superuser())
            .get(reverse("admin:referrals_followup_change", args=[call.pk]))
            .content.decode()
        )

        assert 'href="tel:+390698765432"' in html


class TestAdvocates:
    def test_many_are_enrolled_at_once_and_those_who_are_in_already_are_named(self):
        program = ProgramFactory()
        inside = EnrolmentFactory(program=program).advocate
        fresh = AdvocateFactory(name="Bea Sala")
        response = client_of(member_of(program)).post(
            reverse("admin:referrals_advocate_changelist"),
            {"action": "enrol", "_selected_action": [inside.pk, fresh.pk], "program": program.pk, "_do": "1"},
            follow=True,
        )

        assert said(response) == [
            ("success", "Enrol in a program: Bea Sala."),
            ("warning", "1 was left as it is: Anna Rossi was so already."),
        ]
        assert Enrolment.objects.count() == 2

    def test_nobody_is_enrolled_in_a_foreign_program(self):
        advocate, foreign = AdvocateFactory(), ProgramFactory()
        url = reverse("admin:referrals_advocate_step", args=[advocate.pk, "enrol"])

        client_of(member_of(ProgramFactory())).post(url, {"_do": "1", "program": foreign.pk})

        assert Enrolment.objects.count() == 0

    @pytest.mark.parametrize("asked", ["anna rossi", "ANNA@customer", "+39061234", "C-1001"])
    def test_an_advocate_is_found_by_what_people_know(self, asked):
        anna = AdvocateFactory(email="anna@customer.example", phone="+390612345678", external_id="C-1001")
        AdvocateFactory(name="Bea", email="bea@customer.example", external_id="C-1002")

        found = client_of(superuser()).get(reverse("admin:referrals_advocate_changelist"), {"q": asked})

        assert list(found.context["cl"].result_list) == [anna]

    def test_the_same_mailbox_spelled_otherwise_is_said_to_be_here_already(self):
        AdvocateFactory(email="anna.rossi@gmail.com")

        response = client_of(superuser()).post(
            reverse("admin:referrals_advocate_add"),
            {"name": "Anna", "kind": "customer", "email": "AnnaRossi+x@gmail.com"},
        )

        assert response.context["adminform"].form.errors["email"] == [
            "Somebody with this e-mail address is already here."
        ]

    def test_a_new_personal_link_ends_the_old_one(self):
        enrolment = EnrolmentFactory()
        url = reverse("admin:referrals_enrolment_step", args=[enrolment.pk, "renew-link"])

        client_of(member_of(enrolment.program, "support")).post(url, {"_do": "1"})

        assert Enrolment.objects.get().token != enrolment.token
