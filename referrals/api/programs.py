from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from referrals.api.answers import answer
from referrals.api.key import Key, key_of
from referrals.models import Program, Question

router = Router(tags=["programs"])


class QuestionOut(Schema):
    """A qualifying question about a friend."""

    question: str = Field(examples=["Do they have employees?"])
    answers: list[str] = Field(
        description="Of which one is to be chosen; empty for a few words of one's own."
    )

    @classmethod
    def of(cls, row: Question) -> "QuestionOut":
        return cls.model_construct(question=row.text, answers=row.known_answers)


class ProgramOut(Schema):
    """A referral program of the company."""

    slug: str = Field(description="Names the program in its links.")
    name: str
    status: str = Field(description="draft, live, paused or ended.", examples=["live"])
    company: str
    language: str
    currency: str = Field(examples=["EUR"])
    country: str
    time_zone: str = Field(examples=["Europe/Rome"])
    attribution_days: int = Field(description="How long after a visit the recommendation counts.")
    url: str = Field(description="Its public page.")
    questions: list[QuestionOut] = Field(description="What it asks about a friend.")

    @classmethod
    def of(cls, program: Program) -> "ProgramOut":
        asked = Question.objects.filter(profile__program=program)
        return cls.model_construct(
            slug=program.slug, name=program.name, status=program.status, company=program.company,
            language=program.language, currency=program.currency, country=program.country,
            time_zone=program.timezone, attribution_days=program.attribution_days,
            url=settings.BASE_URL + program.get_absolute_url(), questions=[QuestionOut.of(row) for row in asked],
        )  # fmt: skip


class Programs(Schema):
    data: list[ProgramOut]


@router.get("/programs", response=Programs, auth=Key(), summary="The program of this key")
def list_programs(request: HttpRequest) -> HttpResponse:
    """A key opens one program; the list has one row."""
    return answer(Programs.model_construct(data=[ProgramOut.of(key_of(request).program)]))
