"""What becomes of a message, with a real mail server that misbehaves."""

from datetime import timedelta
from math import ceil
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.core import mail
from django.core.mail.backends import locmem
from django.db import connection
from django.test import override_settings

from campaigns.models import Message, Purpose, Suppression
from campaigns.services import delivery
from campaigns.services.delivery import claim, deliver_due
from referrals.services.referral import erase_friend
from tests.campaigns.servers import Server, running_server
from tests.factories import MessageFactory, ProgramFactory, ReferralFactory

pytestmark = pytest.mark.django_db
Status = Message.Status


@pytest.fixture(params=[False, True], ids=["word by word", "in one breath"])
def server(request):
    with (
        running_server(listens_on=request.param) as server,
        override_settings(
            EMAIL_BACKEND="campaigns.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=server.port
        ),
    ):
        yield server


def one(message: Message) -> Message:
    message.refresh_from_db()
    return message


def test_an_accepted_mail_is_sent_with_the_servers_answer_and_kept_as_it_was_read(server, now):
    message = MessageFactory(to_address="anna@mail.example")

    assert deliver_due(now=now) == 1

    row = one(message)
    assert (row.status, row.reason, row.sent_at) == (Status.SENT, "250 Queued as 7", now)
    assert server.recipients == ["anna@mail.example"]
    assert row.subject == server.mails[0]["Subject"] == "Your friend is a customer of Acme now"
    assert row.text.strip() == server.mails[0].get_body(("plain",)).get_content().strip()
    assert row.html.strip() == server.mails[0].get_body(("html",)).get_content().strip()


def test_the_headers_say_who_writes_that_it_is_a_machine_and_how_to_get_no_more(server, now):
    program = ProgramFactory(sender_name="Acme & Söhne", reply_to="help@acme.example")
    message = MessageFactory(program=program)

    deliver_due(now=now)

    [sent] = server.mails
    assert sent["From"] == "Acme & Söhne <hello@goodword.example>"
    assert sent["Reply-To"] == "help@acme.example"
    assert sent["Message-ID"] == f"<{message.pk}@localhost>"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["List-Unsubscribe"] == f"<http://localhost:8000/u/{message.token}/>"
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_what_was_asked_for_a_moment_ago_has_no_opt_out(server, now):
    MessageFactory(purpose=Purpose.CONFIRM, context={"link": "http://localhost:8000/x/", "friend_count": 1})

    deliver_due(now=now)

    assert server.mails[0]["List-Unsubscribe"] is None


def test_many_mails_go_over_one_connection(server, now):
    MessageFactory.create_batch(3)

    deliver_due(now=now)

    assert (len(server.mails), server.sessions) == (3, 1)


def test_a_mailbox_that_does_not_exist_bounces_and_is_written_to_no_more(server, now):
    server.answers["gone@mail.example"] = "550 5.1.1 No such user"
    message = MessageFactory(to_address="gone@mail.example")
    waiting = MessageFactory(to_address="gone@mail.example", due_at=now + timedelta(days=1))

    deliver_due(now=now)

    assert (one(message).status, message.reason) == (Status.BOUNCED, "550 5.1.1 No such user")
    assert one(waiting).status == Status.WITHHELD
    assert Suppression.objects.get().reason == Suppression.Reason.BOUNCED


def test_a_mailbox_bounces_also_where_the_server_hangs_up_as_it_says_so(server, now):
    server.answers["gone@mail.example"] = f"550 5.1.1 No such user. {Server.HANGS_UP}"
    message = MessageFactory(to_address="gone@mail.example")

    deliver_due(now=now)

    assert one(message).status == Status.BOUNCED
    assert message.reason.startswith("550 5.1.1 No such user")


def test_a_server_that_does_not_let_us_send_makes_nobody_bounce(server, now):
    server.answers["anna@mail.example"] = "554 5.7.1 Relay access denied"
    message = MessageFactory(to_address="anna@mail.example")

    deliver_due(now=now)

    assert (one(message).status, message.reason) == (Status.QUEUED, "554 5.7.1 Relay access denied")
    assert Suppression.objects.count() == 0


def test_a_busy_server_is_tried_again_later_and_later_and_given_up_after_two_days(server, now):
    server.answers["busy@mail.example"] = "451 4.7.1 Try later"
    message = MessageFactory(to_address="busy@mail.example")
    moment, waits = now, []

    while one(message).status == Status.QUEUED:
        waits.append((message.due_at - moment).total_seconds() / 60)
        moment = message.due_at
        deliver_due(now=moment)

    assert (message.status, message.reason) == (Status.FAILED, "451 4.7.1 Try later")
    assert 0.8 <= waits[1] <= 1.2
    assert 192 <= waits[-1] <= 288
    assert timedelta(hours=36) < moment - now < timedelta(hours=60)
    assert server.mails == []


def test_a_mail_that_the_server_refuses_to_carry_is_given_up_and_its_reader_not_suppressed(server, now):
    server.answers["anna@mail.example"] = "data 554 5.7.1 Looks like spam"
    message = MessageFactory(to_address="anna@mail.example")

    deliver_due(now=now)

    assert (one(message).status, message.reason) == (Status.FAILED, "554 5.7.1 Looks like spam")
    assert Suppression.objects.count() == 0


def test_a_mail_cut_off_before_its_end_was_not_sent_and_is_tried_again(server, now):
    server.answers["ben@mail.example"] = Server.CUT_BEFORE_DATA
    message = MessageFactory(purpose=Purpose.INVITATION, to_address="ben@mail.example")

    deliver_due(now=now)

    assert (one(message).status, message.sent_at, message.subject) == (Status.QUEUED, None, "")
    server.answers.clear()
    deliver_due(now=message.due_at)
    assert one(message).status == Status.SENT


def test_an_invitation_cut_off_after_its_end_is_never_sent_again_by_itself(server, now):
    server.answers["ben@mail.example"] = Server.CUT_AFTER_DATA
    message = MessageFactory(purpose=Purpose.INVITATION, to_address="ben@mail.example")

    deliver_due(now=now)
    deliver_due(now=now + timedelta(days=3))

    assert (one(message).status, message.sent_at) == (Status.UNKNOWN, now)
    assert server.recipients == ["ben@mail.example"]


def test_mail_to_people_of_ours_goes_once_more_with_the_same_id_and_then_no_more(server, now):
    server.answers["anna@mail.example"] = Server.CUT_AFTER_DATA
    message = MessageFactory(to_address="anna@mail.example")

    for day in range(4):
        deliver_due(now=now + timedelta(days=day))

    assert one(message).status == Status.UNKNOWN
    assert [sent["Message-ID"] for sent in server.mails] == [message.message_id] * 2


def test_a_sign_in_code_is_sent_once_at_most_and_not_kept(server, now):
    code = {
        "purpose": Purpose.SIGN_IN,
        "program": None,
        "subject": "Your code",
        "text": "AB-12",
        "html": "<p>AB-12",
    }
    cut = MessageFactory(to_address="cut@mail.example", **code)
    sent = MessageFactory(to_address="anna@mail.example", **code)
    server.answers["cut@mail.example"] = Server.CUT_AFTER_DATA

    deliver_due(now=now)
    deliver_due(now=now + timedelta(days=1))

    assert (one(cut).status, one(sent).status) == (Status.UNKNOWN, Status.SENT)
    assert server.recipients == ["cut@mail.example", "anna@mail.example"]
    assert server.mails[1].get_body(("plain",)).get_content().strip() == "AB-12"
    assert [(m.text, m.html) for m in (cut, sent)] == [("", "")] * 2


def test_one_bad_recipient_stops_nobody_else(server, now):
    for name, answer in {"a": "550 No", "c": "450 Later", "e": Server.CUT_AFTER_DATA}.items():
        server.answers[f"{name}@mail.example"] = answer
    for name in "abcdef":
        MessageFactory(to_address=f"{name}@mail.example", purpose=Purpose.INVITATION)

    deliver_due(now=now)

    found = dict(Message.objects.values_list("to_address", "status"))
    assert [found[f"{name}@mail.example"] for name in "abcdef"] == [
        "bounced", "sent", "queued", "sent", "unknown", "sent",
    ]  # fmt: skip


def test_a_server_that_refuses_us_costs_time_only_and_is_believed_when_it_takes_us_back(server, now):
    server.answers["MAIL"] = "450 4.7.1 Too many at once"
    message = MessageFactory()

    deliver_due(now=now)
    refused = one(message)
    server.answers.clear()
    deliver_due(now=now + timedelta(hours=1))

    assert (refused.status, refused.reason) == (Status.QUEUED, "450 4.7.1 Too many at once")
    assert one(message).status == Status.SENT
    assert len(server.mails) == 1


def test_a_line_that_begins_with_a_dot_arrives_as_it_was_written(server, now):
    lines = "Hello\n\n.\n..and so on\n.hidden"
    notice = MessageFactory(purpose=Purpose.STAFF_NOTICE, subject="Dots", text=lines, html="<p>\n.\n</p>")

    deliver_due(now=now)

    assert one(notice).status == Status.SENT
    assert server.mails[0].get_body(("plain",)).get_content().strip() == lines


def test_a_server_that_is_down_costs_time_only(now, settings):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "campaigns.smtp.EmailBackend",
        "127.0.0.1",
        1,
    )
    MessageFactory.create_batch(3)

    deliver_due(now=now)

    assert set(Message.objects.values_list("status", flat=True)) == {Status.QUEUED}
    assert Message.objects.first().reason.startswith("The mail server cannot be reached:")


def test_without_a_mail_server_everything_is_kept_to_be_read(now, settings):
    settings.MAIL_LEAVES = False
    message = MessageFactory()

    deliver_due(now=now)

    assert (one(message).status, message.sent_at) == (Status.KEPT, None)
    assert "Ben has become a customer" in message.text
    assert mail.outbox == []


def test_what_is_not_due_stays(now):
    message = MessageFactory(due_at=now + timedelta(minutes=1))

    assert deliver_due(now=now) == 0

    assert one(message).attempts == 0


def test_a_worker_killed_before_it_sent_loses_nothing(now):
    message = MessageFactory(purpose=Purpose.INVITATION)
    claim(now=now)
    assert deliver_due(now=now) == 0

    deliver_due(now=now + timedelta(minutes=16))
    deliver_due(now=now + timedelta(minutes=18))

    assert one(message).status == Status.SENT
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("purpose", "status", "mails"), [(Purpose.INVITATION, "unknown", 0), (Purpose.SUCCESS_THANKS, "sent", 1)]
)
def test_a_worker_killed_while_it_sent_may_have_sent(now, purpose, status, mails):
    message = MessageFactory(
        purpose=purpose,
        status=Status.SENDING,
        lease=uuid4(),
        lease_until=now,
        attempts=1,
        subject="Written down",
    )

    for minutes in (1, 10, 30):
        deliver_due(now=now + timedelta(minutes=minutes))

    assert one(message).status == status
    assert len(mail.outbox) == mails


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_message_once(now, bank):
    MessageFactory.create_batch(20, program=ProgramFactory())
    together = Barrier(2)

    def work() -> None:
        together.wait()
        deliver_due(now=now)
        connection.close()

    workers = [Thread(target=work) for _number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(mail.outbox) == 20
    assert set(Message.objects.values_list("status", "attempts")) == {("sent", 1)}


def test_whoever_was_forgotten_between_claim_and_sending_gets_nothing(now):
    referral = ReferralFactory()
    message = MessageFactory(purpose=Purpose.WELCOME, referral=referral)
    [claimed] = claim(now=now)
    erase_friend(referral, now=now)

    delivery.deliver([claimed], now=now, stop_at=float("inf"))

    assert (one(message).status, message.text) == (Status.WITHHELD, "")
    assert mail.outbox == []


def test_words_that_cannot_be_used_wait_until_somebody_mends_them(now):
    message = MessageFactory(context={})
    fine = MessageFactory()

    deliver_due(now=now)

    assert one(fine).status == Status.SENT
    assert one(message).status == Status.QUEUED
    assert message.reason.startswith("The words cannot be used: 'friend_first_name' is undefined")


def test_a_run_that_has_no_time_left_puts_back_what_it_did_not_try(now):
    message = MessageFactory()
    claimed = claim(now=now)

    delivery.deliver(claimed, now=now, stop_at=0)

    assert (one(message).status, message.attempts) == (Status.QUEUED, 0)


@pytest.mark.parametrize("count", [1, 3, 50])
def test_a_batch_has_a_fixed_number_of_queries_and_two_for_each_handful(
    now, count, django_assert_num_queries
):
    MessageFactory.create_batch(count)

    # Four are the savepoints of two claims, one finds the programs; the second claim finds nothing more.
    with django_assert_num_queries(16 + 2 * ceil(count / delivery.HANDFUL)):
        deliver_due(now=now)

    assert len(mail.outbox) == count


def test_what_somebody_waits_for_at_the_door_goes_before_any_backlog(now):
    MessageFactory.create_batch(delivery.BATCH, due_at=now - timedelta(hours=1))
    for purpose in (Purpose.SIGN_IN, Purpose.CONFIRM):
        MessageFactory(purpose=purpose, created_at=now, subject="Code", text="Your code: 123456")

    assert [message.purpose for message in claim(now=now)] == [Purpose.SIGN_IN, Purpose.CONFIRM]
    assert len(claim(now=now)) == delivery.BATCH


class BreakingAtTheSecond(locmem.EmailBackend):
    def send_messages(self, messages):
        if mail.outbox:
            raise MemoryError
        return super().send_messages(messages)


@override_settings(EMAIL_BACKEND=f"{__name__}.BreakingAtTheSecond")
def test_a_fault_in_the_middle_of_a_handful_keeps_what_the_server_took(now):
    MessageFactory.create_batch(3)

    with pytest.raises(MemoryError):
        deliver_due(now=now)

    assert list(Message.objects.order_by("pk").values_list("status", flat=True)) == [
        Status.SENT, Status.SENDING, Status.SENDING
    ]  # fmt: skip


def test_what_was_written_whole_leaves_as_it_was_written(now):
    MessageFactory(purpose=Purpose.STAFF_NOTICE, subject="Test", text="Whole", html="<p>Whole", context={})

    deliver_due(now=now)

    assert (mail.outbox[0].subject, mail.outbox[0].body) == ("Test", "Whole")
