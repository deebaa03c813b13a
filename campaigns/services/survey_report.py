"""What the answers to a survey come to: how many, the net promoter score, and a table of them."""

from collections.abc import Iterator
from math import sqrt
from typing import Any, NamedTuple

from django.db.models import Count, Q

from campaigns.models import Survey
from campaigns.models.survey_response import DETRACTOR, PROMOTER
from campaigns.survey_words import SurveyWords
from rewards.services.report import Z

# Below this many answers the score can be anything: its interval is wider than 40 points either way.
ENOUGH = 20


class Result(NamedTuple):
    """How many were asked and answered, and how their numbers fall."""

    asked: int
    answered: int
    promoters: int
    passives: int
    detractors: int

    @property
    def scored(self) -> int:
        return self.promoters + self.passives + self.detractors

    @property
    def score(self) -> float:
        """The net promoter score, from -100 to 100: the share of 9 and 10 minus the share of 0 to 6."""
        return 100 * (self.promoters - self.detractors) / self.scored if self.scored else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval: Wald's, with three answers added (half of them 7 or 8, the rest shared out)."""
        total = self.scored + 3
        happy, sorry = (self.promoters + 0.75) / total, (self.detractors + 0.75) / total
        width = 100 * Z * sqrt((happy + sorry - (happy - sorry) ** 2) / total)
        middle = 100 * (happy - sorry)
        return max(-100.0, middle - width), min(100.0, middle + width)


def result_of(survey: Survey) -> Result:
    """In one query."""
    counted: dict[str, Any] = {
        "asked": Count("pk"),
        "answered": Count("pk", filter=Q(answered_at__isnull=False)),
        "promoters": Count("pk", filter=Q(score__gte=PROMOTER)),
        "passives": Count("pk", filter=Q(score__gt=DETRACTOR, score__lt=PROMOTER)),
        "detractors": Count("pk", filter=Q(score__lte=DETRACTOR)),
    }
    return Result(**survey.responses.aggregate(**counted))


def table_of(survey: Survey) -> Iterator[list[Any]]:
    """A heading, and a row for each answer, oldest first: for a spreadsheet."""
    questions = SurveyWords(survey, survey.texts.all()).questions()
    texts = [place for place in questions if place != "recommend"]
    head = ["number", "customer number", "name", "answered", "score", "language", "may be quoted"]
    yield [*head, *(questions[place] for place in texts)]
    rows = survey.responses.answered().select_related("enrolment__advocate").order_by("answered_at", "pk")
    for row in rows.iterator(chunk_size=2000):
        advocate = row.enrolment.advocate
        at = survey.program.local(row.answered_at).isoformat(" ", "minutes")
        score = "" if row.score is None else row.score
        facts = [row.pk, advocate.external_id, advocate.name, at, score, row.language, int(row.may_quote)]
        yield [*facts, *(row.answers.get(place, "") for place in texts)]
