"""Markup that got into the tables by any way stays text on every page and in every mail; and out of the logs."""

import logging
import re

import pytest
from django.contrib import admin
from django.urls import reverse

from campaigns.models import Message
from campaigns.services.delivery import deliver_due
from config.logs import mask
from referrals.models import Advocate, FollowUp, Program, Referral
from referrals.services.referral import Friend, submit_referrals
from tests.cast import client_of, superuser
from tests.factories import EnrolmentFactory, ProfileFactory, UserFactory

pytestmark = pytest.mark.django_db
MARKUP = "<img src=x onerror=alert(1)>'\"{{7*7}}"
BEN = {"friends": "1", "agreed": "on", "friend1-name": "Ben Weber", "friend1-email": "ben@friend.example"}


@pytest.fixture
def enrolment(now):
    """A program whose every word is markup, past all our forms."""
    enrolment = EnrolmentFactory(program__owner=UserFactory())
    ProfileFactory(program=enrolment.program, headline=MARKUP, description=MARKUP, criteria=MARKUP)
    Program.objects.update(name=MARKUP, company=MARKUP, headline=MARKUP, about=MARKUP, sender_name=MARKUP)
    Advocate.objects.update(name=MARKUP, company=MARKUP)
    enrolment = type(enrolment).objects.get()
    submit_referrals(
        enrolment, [Friend(MARKUP, "ben@friend.example", relation=MARKUP)], now=now, agreement=MARKUP
    )
    Referral.objects.update(note=MARKUP, company=MARKUP, status_note=MARKUP)
    FollowUp.objects.update(note=MARKUP)
    return enrolment


def test_no_public_page_shows_it_as_markup(client, enrolment):
    referral = enrolment.referrals.get()
    for url in ("/", f"/p/{enrolment.program.slug}/", f"/p/{enrolment.program.slug}/refer/", f"/a/{enrolment.token}/",
                f"/a/{enrolment.token}/sent/", f"/r/{enrolment.code}/", f"/r/{enrolment.code}/join/",
                f"/r/{enrolment.code}/qr.svg", f"/f/{referral.token}/", "/account/login/code/"):  # fmt: skip
        answer = client.get(url)
        assert (url, answer.status_code, "<img src=x" in answer.text) == (url, 200, False)
        assert "&lt;img src=x" in answer.text, url


def test_no_page_of_the_back_office_shows_it_as_markup(enrolment):
    client = client_of(superuser())
    for model in admin.site._registry:
        label = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages = [reverse(f"{label}_changelist")]
        pages += [reverse(f"{label}_change", args=[row.pk]) for row in model._default_manager.all()[:2]]
        for url in pages:
            assert (url, "<img src=x" in client.get(url, follow=True).text) == (url, False)


def test_no_mail_shows_it_as_markup(enrolment, now, mailoutbox):
    deliver_due(now=now)

    assert len(mailoutbox) == Message.objects.filter(status="sent").count() >= 2
    for mail in mailoutbox:
        assert "<img src=x" not in str(mail.alternatives)
        assert "49" not in mail.subject
        assert "\n" not in mail.subject + mail.from_email


def test_neither_names_nor_addresses_nor_tokens_reach_a_log_or_an_address(client, caplog):
    caplog.set_level(logging.DEBUG)
    enrolment = EnrolmentFactory()

    sent = client.post(f"/a/{enrolment.token}/", BEN)
    receipt = client.get(sent.url)
    client.get(f"/a/{enrolment.token}x/")
    client.post("/account/login/code/", {"email": "ben@friend.example"})

    lines = mask(
        "\n".join(record.getMessage() for record in caplog.records if record.name != "django.db.backends")
    )
    for secret in ("Ben", "ben@", "friend.example", enrolment.token):
        assert secret not in lines
    assert "ben" not in sent.url.replace(enrolment.token, "").lower()
    assert "Ben" not in re.findall(r"<title>.*?</title>", receipt.text, re.DOTALL)[0]
