"""What holds for every page that a customer or friend can open."""

import re
from collections.abc import Callable

import pytest
from django.urls import reverse

from referrals.models import Enrolment
from tests.factories import (
    NOW,
    EnrolmentFactory,
    ProfileFactory,
    QuestionFactory,
    ReferralFactory,
    SurveyResponseFactory,
)

pytestmark = pytest.mark.django_db


def _survey(enrolment: Enrolment, page: str = "", **more: object) -> str:
    return f"/s/{SurveyResponseFactory(enrolment=enrolment, changed_at=NOW, **more).token}/{page}"


PAGES: dict[str, Callable[[Enrolment], str]] = {
    "home": lambda enrolment: reverse("home"),
    "program": lambda enrolment: reverse("program", args=[enrolment.program.slug]),
    "refer": lambda enrolment: reverse("refer", args=[enrolment.program.slug]),
    "refer-personal": lambda enrolment: reverse("refer-personal", args=[enrolment.token]),
    "receipt-personal": lambda enrolment: reverse("receipt-personal", args=[enrolment.token]),
    "share": lambda enrolment: reverse("share", args=[enrolment.code]),
    "join": lambda enrolment: reverse("join", args=[enrolment.code]),
    "joined": lambda enrolment: reverse("joined", args=[enrolment.code]),
    "invitation": lambda enrolment: reverse("invitation", args=[enrolment.referrals.get().token]),
    "sign-in by code": lambda enrolment: reverse("account_request_login_code"),
    "sign-in of staff": lambda enrolment: reverse("account_login"),
    "survey": lambda enrolment: _survey(enrolment),
    "survey-thanks": lambda enrolment: _survey(enrolment, "thanks/", answered_at=NOW, score=9),
    "survey-over": lambda enrolment: _survey(enrolment, expires_at=NOW),
    "review-help": lambda enrolment: reverse("review-help", args=[enrolment.token]),
    "unknown link": lambda enrolment: "/a/nobody-knows-this/",
    "unknown page": lambda enrolment: "/no/such/page/",
}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_one_headline_a_language_a_title_and_no_code_of_its_own(client, page):
    enrolment = ReferralFactory().enrolment
    QuestionFactory(profile=ProfileFactory(program=enrolment.program))
    EnrolmentFactory(program=enrolment.program)

    answer = client.get(PAGES[page](enrolment), follow=True)

    html = answer.content.decode()
    assert len(re.findall(r"<h1\b", html)) == 1
    assert re.findall(r'<html[^>]* lang="en"', html)
    assert re.search(r"<title>[^<]*\w", html)
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>|<style\b|\sstyle=|\son[a-z]+=", html) == []
    assert "unsafe" not in answer["Content-Security-Policy"]
