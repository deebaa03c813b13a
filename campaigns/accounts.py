"""Sign-in: a mailed code for advocates, a password and a second factor for staff; no sign-up.

Nobody outside can tell a known address from an unknown one: the answer is the same, and so is the work.
"""

from datetime import timedelta
from typing import Any, ClassVar

from allauth.account import forms
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.core.ratelimit import consume
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import CharField
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from campaigns.links import link_to
from campaigns.models import Message, Purpose
from campaigns.services import outbox
from campaigns.services.composing import one_line, plain_html
from campaigns.services.frame import Frame
from referrals.contacts import clean_email, email_key, first_name_of
from referrals.models import Advocate, Limit
from referrals.tokens import link_token

MAILS_AN_HOUR = 5
CODE = "account/email/login_code"
# What allauth says to an address without an account; staff are told to use their password.
TO_NOBODY, TO_STAFF = "account/email/unknown_account", "account/email/staff_sign_in"


def account_of_advocate(email: str) -> User | None:
    """The account of the advocate with this mailbox, made when a code is first asked for.

    None for strangers, for closed accounts, and for staff, who sign in with a password.
    """
    with transaction.atomic():
        advocate = (
            Advocate.objects.known_as(email).select_for_update(of=("self",)).select_related("user").first()
        )
        if advocate is None:
            return None
        if advocate.user is None:
            # No address, no password: the advocate's row has the one, and nobody needs the other.
            advocate.user = User.objects.create_user(username=link_token())
            advocate.save(update_fields=["user"])
    user: User = advocate.user
    return user if user.is_active and not user.is_staff else None


class RequestCodeForm(forms.RequestLoginCodeForm):
    """Asks for a sign-in code; takes any spelling of a mailbox that we know."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        missing = _("Write the e-mail address you used when you recommended us.")
        # What is an address, clean_email() decides, in our words.
        self.fields["email"] = CharField(max_length=254, error_messages={"required": missing})

    def clean_email(self) -> str:
        email = clean_email(self.cleaned_data["email"])
        if not consume(context.request, action="request_login_code"):
            raise ValidationError(
                _("There were many requests from your network. Wait a minute and try again."), code="limit"
            )
        self._user = account_of_advocate(email)
        return email


class AccountAdapter(DefaultAccountAdapter):
    """Has allauth speak in our words and send by our outbox."""

    error_messages: ClassVar[dict[str, Any]] = DefaultAccountAdapter.error_messages | {
        "incorrect_code": _("This is not the code in our last mail to you. Look again, letter by letter."),
        "email_password_mismatch": _("This address and this password do not belong together. Try again."),
        "too_many_login_attempts": _("That were too many tries. Wait five minutes, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        assert isinstance(request.user, User)  # noqa: S101 - allauth asks after the sign-in
        return reverse("admin:index") if request.user.is_staff else reverse("portal")

    def get_reset_password_from_key_url(self, key: str) -> str:
        user, _dash, token = key.partition("-")
        return link_to("account_reset_password_from_key", user, token)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Put the mail into the outbox: five of a kind an hour to a mailbox, more are dropped in silence.

        What is for nobody is written all the same and then taken back, so that it takes as long.
        """
        now = timezone.now()
        message, known = _addressed(template_prefix, email)
        allowed = Limit.objects.take(
            template_prefix, email_key(email), limit=MAILS_AN_HOUR, per=timedelta(hours=1), now=now
        )
        _write(message, TO_STAFF if template_prefix == TO_NOBODY else template_prefix, context)
        with transaction.atomic():
            outbox.queue([message], now=now)
            transaction.set_rollback(not (known and allowed))
        if not (known and allowed):
            # What was taken back took its nudge along, and that would be time saved.
            outbox.wake_worker_after_commit()


def _addressed(template_prefix: str, email: str) -> tuple[Message, bool]:
    """An empty message to whomever this mail is for, and whether there is such a person."""
    message = Message(
        key=f"account:{link_token()}", purpose=Purpose.SIGN_IN, to_address=email,
        language=get_language() or settings.LANGUAGE_CODE,
    )  # fmt: skip
    if template_prefix == TO_NOBODY:
        staff = EmailAddress.objects.filter(
            email=email.lower(), verified=True, user__is_staff=True, user__is_active=True
        ).first()
        message.user_id = staff.user_id if staff else None
        return message, staff is not None
    if template_prefix == CODE and (advocate := Advocate.objects.known_as(email).first()):
        # To the address we have, never to the one typed: what is one mailbox to us may be two to the world.
        message.advocate, message.to_address, message.to_name = advocate, advocate.email, advocate.name
        message.language = advocate.language or message.language
    return message, True


def _write(message: Message, prefix: str, context: dict[str, Any]) -> None:
    words = context | {"request": None, "first_name": first_name_of(message.to_name)}
    words["login_url"] = link_to("account_login")
    with override(message.language):
        message.subject = one_line(render_to_string(f"{prefix}_subject.txt", words))
        body = render_to_string(f"{prefix}_message.txt", words).strip()
    frame = Frame(message)
    message.text = frame.text(body)
    message.html = frame.html(message.subject, plain_html(body))
