"""What customers say becomes a testimonial by their leave and a manager's decision, and goes when the leave goes."""

from datetime import datetime
from typing import Any

from django.utils.text import Truncator

from campaigns.models import SurveyResponse, Testimonial
from campaigns.models.testimonial import LONGEST
from campaigns.services.review_help import words_of
from referrals.models import Advocate
from referrals.transitions import Moved

Status = Testimonial.Status


def follow_answer(response: SurveyResponse, *, now: datetime) -> None:
    """Make the testimonial follow a (locked) answer: new words by leave wait to be decided, none without it."""
    known = Testimonial.objects.filter(response=response).first()
    words = words_of(response) if response.may_quote else ""
    if not words:
        withdraw(Testimonial.objects.filter(response=response), now=now)
    elif known is None:
        Testimonial.objects.create(
            response=response, program_id=response.survey.program_id, status_at=now, **_said(response, words)
        )
    elif known.original != words or known.status == Status.WITHDRAWN:
        Testimonial.objects.filter(pk=known.pk).advance(Status.DRAFT, now=now)
        Testimonial.objects.filter(pk=known.pk).update(**_said(response, words))


def _said(response: SurveyResponse, words: str) -> dict[str, Any]:
    advocate = response.enrolment.advocate
    return {
        "original": words, "words": Truncator(words).chars(LONGEST), "name": advocate.first_name,
        "company": advocate.company, "language": response.language,
    }  # fmt: skip


def approve(testimonials: Any, *, now: datetime, by: Any) -> Moved:
    """Show these to everybody."""
    moved: Moved = testimonials.advance(Status.APPROVED, now=now, by=by)
    return moved


def decline(testimonials: Any, *, now: datetime, by: Any) -> Moved:
    """Do not show these, or not any more."""
    moved: Moved = testimonials.advance(Status.DECLINED, now=now, by=by)
    return moved


def withdraw(testimonials: Any, *, now: datetime) -> None:
    """Their givers do not want to be quoted any more. Repeatable."""
    testimonials.exclude(status=Status.WITHDRAWN).advance(Status.WITHDRAWN, now=now)


def forget_answers(advocate: Advocate, *, now: datetime) -> None:
    """What this person said, and may be quoted with, goes; the numbers they gave stay in the counts."""
    theirs = SurveyResponse.objects.filter(enrolment__advocate=advocate)
    quoted = Testimonial.objects.filter(response__in=theirs)
    withdraw(quoted, now=now)
    quoted.update(original="", words="", name="", company="")
    theirs.filter(revoked_at=None).update(revoked_at=now)
    theirs.update(answers={}, questions={}, may_quote=False, quote_words="", quote_at=None, language="")
