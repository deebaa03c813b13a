from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from referrals.api.answers import answer
from referrals.api.key import Key, key_of
from referrals.models import Program

router = Router(tags=["programs"])


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

    @classmethod
    def of(cls, program: Program) -> "ProgramOut":
        return cls.model_construct(
            slug=program.slug, name=program.name, status=program.status, company=program.company,
            language=program.language, currency=program.currency, country=program.country,
            time_zone=program.timezone, attribution_days=program.attribution_days,
            url=settings.BASE_URL + program.get_absolute_url(),
        )  # fmt: skip


class Programs(Schema):
    data: list[ProgramOut]


@router.get("/programs", response=Programs, auth=Key(), summary="The program of this key")
def list_programs(request: HttpRequest) -> HttpResponse:
    """A key opens one program; the list has one row."""
    return answer(Programs.model_construct(data=[ProgramOut.of(key_of(request).program)]))
