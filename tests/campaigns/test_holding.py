"""What does not leave although it is due: asked again between queueing and sending."""

from datetime import timedelta
from math import ceil

import pytest
from django.core import mail

from campaigns.models import Message, Purpose, Suppression
from campaigns.services.delivery import HANDFUL, claim, deliver_due
from campaigns.services.suppression import suppress
from referrals.models import Program, Referral
from referrals.services.referral import decline
from tests.factories import MembershipFactory, MessageFactory, ProgramFactory, ReferralFactory, UserFactory

pytestmark = pytest.mark.django_db
Status = Message.Status
BEN = "ben@friend.example"


def invite(**more) -> Message:
    return MessageFactory(**({"purpose": Purpose.INVITATION, "to_address": BEN} | more))


def became(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.status, message.reason


@pytest.mark.parametrize("everywhere", [True, False])
def test_whoever_unsubscribed_after_it_was_queued_gets_nothing(now, everywhere):
    message = invite(to_address="B.E.N+x@gmail.com")
    other = invite(to_address="cleo@friend.example", program=message.program)
    program = None if everywhere else message.program
    Suppression.objects.create(
        key=MessageFactory.build(to_address="ben@gmail.com").to_key,
        program=program, reason=Suppression.Reason.UNSUBSCRIBED, created_at=now,
    )  # fmt: skip

    deliver_due(now=now)

    assert became(message) == (Status.WITHHELD, "unsubscribed")
    assert became(other)[0] == Status.SENT


def test_unsubscribing_from_one_program_leaves_another_alone(now):
    message = invite()
    Suppression.objects.create(
        key=message.to_key, program=ProgramFactory(), reason=Suppression.Reason.UNSUBSCRIBED, created_at=now
    )

    deliver_due(now=now)

    assert became(message)[0] == Status.SENT


@pytest.mark.parametrize("purpose", [Purpose.SIGN_IN, Purpose.CONFIRM])
def test_what_somebody_asks_for_at_our_door_they_get(now, purpose):
    message = MessageFactory(
        purpose=purpose, subject="Code", text="AB-12", context={"link": "http://x/", "friend_count": 1}
    )
    suppress(message, None, Suppression.Reason.UNSUBSCRIBED, now=now)

    deliver_due(now=now)

    assert became(message)[0] == Status.SENT


@pytest.mark.parametrize(
    ("status", "becomes", "reason"),
    [
        (Program.Status.PAUSED, Status.QUEUED, "The program is paused; this waits."),
        (Program.Status.ENDED, Status.WITHHELD, "The program has ended."),
    ],
)
def test_a_program_that_is_not_live_invites_nobody_but_thanks_people(now, status, becomes, reason):
    program = ProgramFactory(status=status)
    invitation, thanks = invite(program=program), MessageFactory(program=program)

    deliver_due(now=now)

    assert became(invitation) == (becomes, reason)
    assert became(thanks)[0] == Status.SENT


def test_an_invitation_that_waited_leaves_when_the_program_is_live_again(now):
    program = ProgramFactory(status=Program.Status.PAUSED)
    message = invite(program=program)
    deliver_due(now=now)
    Program.objects.update(status=Program.Status.LIVE)

    deliver_due(now=now + timedelta(hours=1))

    assert became(message)[0] == Status.SENT


def test_a_friend_who_has_said_no_meanwhile_is_not_invited(now):
    referral = ReferralFactory(email=BEN)
    message = invite(referral=referral, program=referral.program)
    [claimed] = claim(now=now)
    Message.objects.update(status=Status.QUEUED)
    Referral.objects.update(status=Referral.Status.LOST, status_reason=Referral.Reason.DECLINED)

    deliver_due(now=now)

    assert became(message) == (Status.WITHHELD, "said no thanks")
    assert claimed.pk == message.pk


def test_saying_no_empties_the_queue_at_once(now):
    referral = ReferralFactory(email=BEN)
    message = invite(referral=referral, program=referral.program)

    decline(referral, now=now)

    assert became(message) == (Status.WITHHELD, "said no thanks")


def test_nobody_is_invited_to_a_program_twice(now):
    first = invite()
    second = invite(program=first.program)

    deliver_due(now=now)
    third = invite(program=first.program, due_at=now + timedelta(days=900))
    deliver_due(now=now + timedelta(days=900))

    assert [became(m)[0] for m in (first, second, third)] == [Status.SENT, Status.WITHHELD, Status.WITHHELD]
    assert second.reason == "This person was invited to this program before."


def test_nobody_is_invited_more_than_three_times_in_ninety_days(now):
    invitations = [invite() for _number in range(4)]

    deliver_due(now=now)
    fifth = invite(due_at=now + timedelta(days=91))
    deliver_due(now=now + timedelta(days=91))

    assert [became(m)[0] for m in invitations] == [Status.SENT] * 3 + [Status.WITHHELD]
    assert became(fifth)[0] == Status.SENT


def test_while_another_worker_invites_somebody_a_second_invitation_waits(now):
    first = invite()
    claim(now=now)
    second = invite()

    deliver_due(now=now)

    assert became(first)[0] == Status.SENDING
    assert became(second) == (Status.QUEUED, "Another invitation is on its way.")


def test_a_programs_invitations_of_a_day_are_capped_and_its_owner_hears_of_it_once(now):
    owner = UserFactory(email="owner@acme.example")
    program = ProgramFactory(invitations_a_day=2, owner=owner)
    for number in range(5):
        invite(program=program, to_address=f"friend{number}@friend.example")
    elsewhere = invite(to_address="else@friend.example")

    for minutes in (0, 61, 122):
        deliver_due(now=now + timedelta(minutes=minutes))

    assert (
        Message.objects.filter(program=program, purpose=Purpose.INVITATION, status=Status.SENT).count() == 2
    )
    assert became(elsewhere)[0] == Status.SENT
    notices = [sent for sent in mail.outbox if sent.to == ["owner@acme.example"]]
    assert [sent.subject for sent in notices] == ["Invitations of Friends of Acme wait until tomorrow"]

    deliver_due(now=now + timedelta(hours=25))
    assert (
        Message.objects.filter(program=program, purpose=Purpose.INVITATION, status=Status.SENT).count() == 4
    )


def test_invitations_that_another_worker_is_sending_count_as_sent(now):
    program = ProgramFactory(invitations_a_day=1)
    invite(program=program)
    claim(now=now)
    second = invite(program=program, to_address="cleo@friend.example")

    deliver_due(now=now)

    assert became(second) == (Status.QUEUED, "The program's invitations for today are used up.")


def test_a_mailbox_gets_twelve_mails_a_day_and_the_rest_later(now):
    program = ProgramFactory()
    messages = [MessageFactory(to_address="anna@mail.example", program=program) for _number in range(14)]

    deliver_due(now=now)

    assert len(mail.outbox) == 12
    assert became(messages[-1]) == (Status.QUEUED, "This mailbox got enough mail today; this waits.")
    deliver_due(now=now + timedelta(hours=25))
    assert len(mail.outbox) == 14


def test_staff_are_alerted_however_often_it_takes(now):
    user = UserFactory()
    for _number in range(13):
        MessageFactory(
            purpose=Purpose.STAFF_NOTICE, user=user, to_address=user.email, program=None,
            context={"subject": "Look", "body": "Look."},
        )  # fmt: skip

    deliver_due(now=now)

    assert len(mail.outbox) == 13


def test_a_code_that_has_expired_is_not_sent(now):
    message = MessageFactory(purpose=Purpose.SIGN_IN, subject="Code", text="AB-12")

    deliver_due(now=now + timedelta(minutes=11))

    assert became(message) == (Status.WITHHELD, "The code has expired.")
    assert message.text == ""


@pytest.mark.parametrize("count", [1, 3, 30])
def test_checking_a_batch_of_invitations_has_a_fixed_number_of_queries(now, count, django_assert_num_queries):
    program = ProgramFactory()
    MembershipFactory(program=program)
    for number in range(count):
        invite(program=program, to_address=f"friend{number}@friend.example")

    # Two more than for other mail: the program's invitations of the day, gone and going.
    with django_assert_num_queries(18 + 2 * ceil(count / HANDFUL)):
        deliver_due(now=now)
