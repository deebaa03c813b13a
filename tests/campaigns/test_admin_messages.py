import pytest
from django.urls import reverse

from campaigns.models import Message, MessageTemplate, Suppression
from referrals.contacts import email_key
from referrals.models import HookDelivery
from tests.cast import client_of, member_of, said, superuser
from tests.factories import NOW, HookSourceFactory, ProgramFactory, ReferralFactory

pytestmark = pytest.mark.django_db


def message(**changes):
    values = {
        "key": "m1", "purpose": "invitation", "language": "en", "to_name": "Ben Weber", "due_at": NOW,
        "to_address": "ben@friend.example", "created_at": NOW, "subject": "Anna thinks we can help you",
        "text": "Hello Ben", "html": "<p style='color:red'>Hello <b>Ben</b></p><script>alert(1)</script>",
    }  # fmt: skip
    return Message.objects.create(**values | {"program": ProgramFactory()} | changes)


def page(row, name="change", *more):
    return reverse(f"admin:campaigns_{row._meta.model_name}_{name}", args=[row.pk, *more])


def take(row, step, user, **typed):
    return client_of(user).post(page(row, "step", step), {"_do": "1", **typed}, follow=True)


class TestTheOutbox:
    def test_the_page_shows_the_text_as_the_recipient_saw_it(self):
        sent = message()

        html = client_of(member_of(sent.program)).get(page(sent)).content.decode()

        assert "Anna thinks we can help you" in html
        assert "<pre>Hello Ben</pre>" in html
        assert page(sent, "html") in html

    def test_the_html_is_a_document_of_its_own_that_can_do_nothing(self):
        sent = message()

        response = client_of(member_of(sent.program)).get(page(sent, "html"))

        assert response.content.decode() == sent.html
        assert response["Content-Security-Policy"] == (
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
        )
        assert "no-store" in response["Cache-Control"]

    def test_what_waits_is_shown_as_it_would_be_sent(self):
        referral = ReferralFactory()
        waiting = message(
            program=referral.program, referral=referral, text="", html="", subject="",
            context={"advocate_name": "Anna Rossi", "advocate_first_name": "Anna", "link": "https://acme.example/f/1/"},
        )  # fmt: skip

        html = client_of(member_of(referral.program)).get(page(waiting)).content.decode()

        assert "As it would be sent now" in html
        assert "https://acme.example/f/1/" in html

    def test_a_sign_in_code_is_nobodys_but_its_owners_when_mail_leaves(self, settings):
        code = message(purpose="sign_in", program=None, text="Your code is 123-456")
        boss = client_of(superuser())
        settings.MAIL_LEAVES = True
        hidden, html = boss.get(page(code)).content.decode(), boss.get(page(code, "html"))
        settings.MAIL_LEAVES = False
        shown = boss.get(page(code)).content.decode()

        assert "123-456" not in hidden
        assert html.status_code == 404
        assert "123-456" in shown

    def test_a_failed_message_goes_again_once_somebody_says_so(self):
        failed = message(status="failed", attempts=9, reason="550")
        manager = member_of(failed.program)

        refused = take(failed, "send-again", manager)
        take(failed, "send-again", manager, sure="on")

        assert "sure" in refused.context["form"].errors
        failed.refresh_from_db()
        assert (failed.status, failed.attempts) == ("queued", 0)

    def test_what_has_left_does_not_go_again(self):
        sent = message(status="sent", sent_at=NOW)

        response = take(sent, "send-again", member_of(sent.program), sure="on")

        assert said(response)[0].level == "warning"
        assert Message.objects.get().status == "sent"

    def test_what_waits_can_be_held_back(self):
        waiting = message()

        take(waiting, "hold-back", member_of(waiting.program), note="Anna called: wrong friend")

        waiting.refresh_from_db()
        assert (waiting.status, waiting.reason) == ("withheld", "Anna called: wrong friend")

    @pytest.mark.parametrize("role", ["sales", "analyst"])
    def test_sales_and_analysts_only_read(self, role):
        waiting = message()

        assert take(waiting, "hold-back", member_of(waiting.program, role)).status_code == 403
        assert Message.objects.get().status == "queued"


class TestTemplates:
    @pytest.fixture
    def bank(self):
        return MessageTemplate.objects.filter(program=None, purpose="invitation", contact_kind="").first()

    def test_the_bank_is_read_only_even_for_superusers(self, bank):
        response = client_of(superuser()).post(page(bank), {"subject": "x", "body": "y"})

        assert response.status_code == 403
        assert client_of(superuser()).get(page(bank)).status_code == 200

    def test_the_banks_words_become_ones_own_with_one_button(self, bank):
        program = ProgramFactory()
        manager = member_of(program)

        for _ in range(2):
            take(bank, "make-it-ours", manager, program=program.pk)

        own = MessageTemplate.objects.get(program=program)
        assert (own.subject, own.body) == (bank.subject, bank.body)

    def test_nobody_makes_them_another_programs(self, bank):
        foreign = ProgramFactory()

        take(bank, "make-it-ours", member_of(ProgramFactory()), program=foreign.pk)

        assert not MessageTemplate.objects.filter(program=foreign).exists()

    def test_an_unknown_placeholder_is_refused_with_its_place_and_the_words_stay(self):
        program = ProgramFactory()
        own = MessageTemplate.objects.create(program=program, purpose="invitation", body="Hello")

        response = client_of(member_of(program)).post(
            page(own),
            {"channel": "email", "language": "en", "subject": "Hi", "body": "Hello\n{{ first_nam }}"},
        )

        [error] = response.context["adminform"].form.errors["body"]
        assert error.startswith("Line 2, column 4: “first_nam” is not known here.")
        assert "{{ first_nam }}" in response.content.decode()
        own.refresh_from_db()
        assert own.body == "Hello"

    def test_the_preview_has_example_values_and_the_programs_name(self):
        program = ProgramFactory(company="Borealis")
        own = MessageTemplate.objects.create(
            program=program,
            purpose="invitation",
            subject="For you",
            body="**{{ advocate_name }}** at {{ company }}",
        )
        client = client_of(member_of(program))

        text = client.get(page(own)).content.decode()
        html = client.get(page(own, "preview"))

        assert "Anna Rossi at Borealis" in text
        assert "sandbox" in html["Content-Security-Policy"]
        assert "Anna Rossi</strong> at Borealis" in html.content.decode()

    def test_a_test_goes_to_ones_own_mailbox_through_the_outbox(self):
        program = ProgramFactory()
        own = MessageTemplate.objects.create(
            program=program, purpose="invitation", subject="For you", body="Hello"
        )
        manager = member_of(program)

        take(own, "test-send", manager)

        sent = Message.objects.get()
        assert (sent.to_address, sent.user, sent.status, sent.subject) == (
            manager.email,
            manager,
            "queued",
            "For you",
        )

    def test_without_an_address_the_test_says_so(self):
        program = ProgramFactory()
        own = MessageTemplate.objects.create(program=program, purpose="invitation", body="Hello")
        manager = member_of(program)
        manager.email = ""
        manager.save()

        response = take(own, "test-send", manager)

        assert response.context["form"].non_field_errors() == [
            "Your own account has no e-mail address. Ask an administrator to add it."
        ]
        assert Message.objects.count() == 0


class TestSuppression:
    url = reverse("admin:campaigns_suppression_add")

    def test_an_address_is_kept_as_a_fingerprint_and_empties_its_queue(self):
        waiting = message(to_key=email_key("ben@friend.example"))
        support = member_of(waiting.program, "support")
        client = client_of(support)

        client.post(self.url, {"address": "BEN@friend.example", "program": waiting.program.pk})
        listed = client.get(reverse("admin:campaigns_suppression_changelist"), {"q": "ben@friend.example"})

        assert Suppression.objects.values_list("key", "program", "reason").get() == (
            email_key("ben@friend.example"), waiting.program.pk, "by_hand",
        )  # fmt: skip
        assert Message.objects.get().status == "withheld"
        assert listed.context["cl"].result_count == 1

    def test_twice_is_once(self):
        program = ProgramFactory()
        client = client_of(member_of(program))
        for _ in range(2):
            response = client.post(self.url, {"address": "ben@friend.example", "program": program.pk})

        assert (response.status_code, Suppression.objects.count()) == (302, 1)

    def test_a_manager_cannot_silence_a_foreign_program(self):
        foreign = ProgramFactory()
        client = client_of(member_of(ProgramFactory()))

        for program in (foreign.pk, ""):
            client.post(self.url, {"address": "ben@friend.example", "program": program})

        assert Suppression.objects.count() == 0

    def test_nobody_lifts_it(self):
        row = Suppression.objects.create(key="k", reason="unsubscribed", created_at=NOW)

        assert client_of(superuser()).post(page(row, "delete"), {"post": "yes"}).status_code == 403
        assert Suppression.objects.count() == 1


def test_a_digest_is_set_up_by_its_reader_only():
    program = ProgramFactory()
    manager, other = member_of(program), member_of(program)
    url = reverse("admin:campaigns_digestsubscription_add")
    typed = {"every": "day", "hour": "8", "timezone": "Europe/Rome"}

    client_of(manager).post(url, {**typed, "user": other.pk})
    client_of(manager).post(url, {**typed, "user": manager.pk})

    assert [user.digest.hour for user in (manager,)] == [8]
    assert not hasattr(type(other).objects.get(pk=other.pk), "digest")


def test_what_systems_told_us_says_in_words_what_it_did_and_shortens_long_numbers(now):
    source = HookSourceFactory()
    HookDelivery.objects.create(
        source=source, key="f" * 64, says="order.paid", verdict="taken", received_at=now,
        result="Order A1 is kept: it counts for nobody so far.",
    )  # fmt: skip

    page = client_of(member_of(source.program)).get("/admin/referrals/hookdelivery/").text

    row = page.split("<tbody>")[1].split("</tbody>")[0]
    assert row.index("Order A1 is kept: it counts for nobody so far.") < row.index("field-call")
    assert f">{'f' * 12}…<" in row
    assert f">{'f' * 13}" not in row
