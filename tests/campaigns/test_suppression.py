import pytest

from campaigns.models import Message, Purpose, Suppression
from campaigns.services.suppression import suppress
from referrals.contacts import email_key
from referrals.models import Event, Referral
from referrals.services.referral import Friend, accept, decline, erase_friend, submit_referrals
from tests.factories import EnrolmentFactory, MessageFactory, ProgramFactory, ReferralFactory, UserFactory

pytestmark = pytest.mark.django_db
Status, Reason = Message.Status, Suppression.Reason
BEN = Friend(name="Ben Weber", email="ben@friend.example", note="Loves chess")


def statuses(*messages: Message) -> list[str]:
    return [Message.objects.get(pk=message.pk).status for message in messages]


def test_unsubscribing_empties_the_queue_of_that_mailbox_for_that_program(now):
    message = MessageFactory(to_address="anna@mail.example", status=Status.SENT, sent_at=now)
    same = MessageFactory(to_address="ANNA@mail.example", program=message.program)
    elsewhere = MessageFactory(to_address="anna@mail.example")
    someone = MessageFactory(program=message.program)

    for _time in range(2):
        suppress(message, message.program, Reason.UNSUBSCRIBED, now=now)

    assert statuses(message, same, elsewhere, someone) == ["sent", "withheld", "queued", "queued"]
    assert Suppression.objects.count() == 1


def test_unsubscribing_from_everything_leaves_only_what_was_asked_for(now):
    message = MessageFactory(to_address="anna@mail.example")
    elsewhere = MessageFactory(to_address="anna@mail.example")
    code = MessageFactory(to_address="anna@mail.example", purpose=Purpose.SIGN_IN)

    suppress(email_key("anna@mail.example"), None, Reason.UNSUBSCRIBED, now=now)

    assert statuses(message, elsewhere, code) == ["withheld", "withheld", "queued"]


def test_a_message_without_a_mailbox_suppresses_nobody(now):
    message, other = MessageFactory(to_address="", to_key=""), MessageFactory(to_address="", to_key="")

    suppress(message, None, Reason.UNSUBSCRIBED, now=now)

    assert statuses(other) == ["queued"]
    assert Suppression.objects.count() == 0


def test_no_thanks_is_kept_for_the_program_and_leaves_them_an_advocate(now):
    referral = ReferralFactory(email="ben@friend.example")
    own = MessageFactory(to_address="ben@friend.example", program=referral.program)

    decline(referral, now=now)

    row = Suppression.objects.get()
    assert (row.program, row.reason, row.key) == (referral.program, Reason.DECLINED, referral.email_key)
    assert statuses(own) == ["queued"]


def test_a_yes_after_a_no_is_answered(now):
    referral = ReferralFactory(email="ben@friend.example")
    decline(referral, now=now)

    accept(referral, agreement="Yes.", now=now)

    assert Suppression.objects.count() == 0
    assert statuses(Message.objects.get(purpose=Purpose.FRIEND_THANKS)) == ["queued"]


def test_a_yes_does_not_undo_unsubscribing(now):
    referral = ReferralFactory(email="ben@friend.example")
    suppress(referral.email_key, None, Reason.UNSUBSCRIBED, now=now)

    accept(referral, agreement="Yes.", now=now)

    assert Suppression.objects.get().reason == Reason.UNSUBSCRIBED


def test_another_reason_for_losing_a_friend_suppresses_nobody(now):
    ReferralFactory().advance(Referral.Status.LOST, now=now, reason=Referral.Reason.NOT_A_FIT)

    assert Suppression.objects.count() == 0


def test_whoever_asks_to_be_forgotten_stands_in_no_message_and_is_written_to_by_no_program(now):
    enrolment = EnrolmentFactory(program=ProgramFactory(owner=UserFactory()))
    ben, cleo = submit_referrals(
        enrolment, [BEN, Friend(name="Cleo Berg", email="cleo@friend.example")], now=now, agreement=""
    )
    Message.objects.filter(purpose=Purpose.SALES_ALERT).update(
        status=Status.SENT,
        sent_at=now,
        subject="Call Ben Weber",
        text="Ben Weber",
        html="<p>Ben Weber",
        reason="250 <ben@friend.example> OK",
    )

    erase_friend(ben, now=now)

    for row in Message.objects.exclude(referral=cleo).values():
        assert "Ben" not in str(row)
        assert "ben@friend.example" not in str(row)
    assert Suppression.objects.get().program is None
    assert Suppression.objects.get().key == email_key("ben@friend.example")
    assert Message.objects.get(purpose=Purpose.INVITATION, referral=ben).status == Status.WITHHELD
    assert Message.objects.get(purpose=Purpose.INVITATION, referral=cleo).status == Status.QUEUED
    assert "Ben" not in str(list(Event.objects.values_list("data", flat=True)))
