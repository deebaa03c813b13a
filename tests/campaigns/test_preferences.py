import pytest
from django.test import Client

from campaigns.models import DigestSubscription, Message, Purpose, Suppression
from referrals.models import Program
from referrals.services.referral import erase_friend
from tests.factories import NOW, ProgramFactory, ReferralFactory, UserFactory

pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def mail(program: Program | None, **more: object) -> Message:
    defaults = {
        "key": f"test:{Message.objects.count()}", "purpose": Purpose.REFERRAL_THANKS, "to_key": "anna",
        "language": "en", "due_at": NOW, "created_at": NOW, "program": program,
    }  # fmt: skip
    return Message.objects.create(**defaults | more)


@pytest.fixture
def letter() -> Message:
    return mail(ProgramFactory(name="Friends of Acme"), status=Message.Status.SENT, sent_at=NOW)


def page(message: Message) -> str:
    return f"/u/{message.token}/"


def suppressed() -> list[tuple[str, object]]:
    return list(Suppression.objects.values_list("reason", "program__name"))


def test_opening_the_link_shows_a_button_and_changes_nothing(client, letter):
    for method in (client.get, client.head, client.options):
        method(page(letter))

    assert "Stop these mails" in client.get(page(letter)).text
    assert suppressed() == []


def test_the_button_stops_this_program_and_withholds_what_waits(client, letter):
    waiting = mail(letter.program)
    elsewhere = mail(ProgramFactory())

    answer = client.post(page(letter), {"do": "stop"})

    assert "We write nothing more to this mailbox about “Friends of Acme”" in answer.text
    assert suppressed() == [("unsubscribed", "Friends of Acme")]
    waiting.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (waiting.status, elsewhere.status) == ("withheld", "queued")


def test_everything_from_the_company_can_be_stopped(client, letter):
    elsewhere = mail(ProgramFactory())

    client.post(page(letter), {"do": "stop_all"})

    assert suppressed() == [("unsubscribed", None)]
    elsewhere.refresh_from_db()
    assert elsewhere.status == "withheld"


def test_the_button_of_a_mail_program_needs_no_cookie_and_gets_no_redirect(letter):
    machine = Client(enforce_csrf_checks=True)

    answers = [machine.post(page(letter), ONE_CLICK) for _ in range(2)]

    assert [(a.status_code, a.cookies.output()) for a in answers] == [(200, "")] * 2
    assert suppressed() == [("unsubscribed", "Friends of Acme")]


def test_a_button_pressed_by_mistake_is_taken_back(client, letter):
    client.post(page(letter), {"do": "stop"})

    answer = client.post(page(letter), {"do": "undo"})

    assert "Stop these mails" in answer.text
    assert suppressed() == []


@pytest.mark.parametrize("reason", ["erased", "bounced", "by_hand"])
def test_what_stands_for_another_reason_is_not_taken_back(client, letter, reason):
    Suppression.objects.create(key="anna", program=letter.program, reason=reason, created_at=NOW)

    answer = client.post(page(letter), {"do": "undo"})

    assert suppressed() == [(reason, "Friends of Acme")]
    assert "by mistake" not in answer.text


def test_whoever_declined_as_a_friend_still_unsubscribes_as_an_advocate(client, letter):
    Suppression.objects.create(key="anna", program=letter.program, reason="declined", created_at=NOW)
    assert "Stop these mails" in client.get(page(letter)).text

    client.post(page(letter), ONE_CLICK)

    assert suppressed() == [("unsubscribed", "Friends of Acme")]


def test_a_friend_who_was_forgotten_can_still_unsubscribe(client):
    referral = ReferralFactory()
    invitation = mail(
        referral.program, referral=referral, purpose=Purpose.INVITATION, to_key=referral.email_key,
        to_address=referral.email, status="sent", sent_at=NOW,
    )  # fmt: skip
    erase_friend(referral, now=NOW)
    Suppression.objects.all().delete()

    assert client.post(page(invitation), ONE_CLICK).status_code == 200
    assert Suppression.objects.get(reason="unsubscribed").key == referral.email_key


def test_the_page_speaks_the_language_of_the_mail_and_says_no_address(client):
    letter = mail(ProgramFactory(), to_address="anna@customer.example")

    assert "anna" not in client.get(page(letter)).text


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "x", lambda t: "x" * len(t)])
def test_a_token_that_is_not_ours_is_nothing_at_all(client, letter, change):
    for send in (client.get, client.post):
        answer = send(f"/u/{change(letter.token)}/")
        assert answer.status_code == 404
        assert "There is nothing at this address" in answer.text
    assert suppressed() == []


@pytest.mark.parametrize("purpose", [Purpose.SIGN_IN, Purpose.CONFIRM, Purpose.SALES_ALERT])
def test_what_somebody_asked_for_or_works_with_cannot_be_unsubscribed(client, letter, purpose):
    Message.objects.update(purpose=purpose)

    assert client.post(page(letter), ONE_CLICK).status_code == 404
    assert suppressed() == []


def test_other_methods_are_refused(client, letter):
    assert client.put(page(letter)).status_code == 405
    assert client.delete(page(letter)).status_code == 405


def test_the_page_is_neither_kept_nor_listed_nor_passed_on(client, letter):
    answer = client.get(page(letter))

    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"


def test_staff_stop_their_digest_and_nothing_else(client):
    user = UserFactory()
    DigestSubscription.objects.create(user=user)
    DigestSubscription.objects.create(user=UserFactory())
    digest = mail(None, purpose=Purpose.DIGEST, user=user)
    assert "Stop the digest?" in client.get(page(digest)).text

    answer = client.post(page(digest), ONE_CLICK)

    assert "The digest is stopped" in answer.text
    assert DigestSubscription.objects.filter(user=user).count() == 0
    assert DigestSubscription.objects.count() == 1
    assert suppressed() == []
