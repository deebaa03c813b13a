"""Help to leave a review: the person's own words to begin with, and the deed, once for each place."""

from collections.abc import Iterable
from datetime import datetime

from campaigns.models import ReviewPlace, SurveyResponse, SurveyText
from referrals.models import Enrolment, Event
from rewards.models import RewardRule

Place = SurveyText.Place
# What tells a story to somebody who does not know the company yet, in the order in which one tells it.
TOLD = (Place.BEFORE, Place.PROBLEM, Place.HESITATION, Place.NOW, Place.HELPED, Place.REASON)


def words_of(response: SurveyResponse) -> str:
    """What somebody answered, as one text of theirs; nothing where they gave only a number."""
    return "\n\n".join(response.answers[place] for place in TOLD if response.answers.get(place))


def own_words(enrolment: Enrolment) -> str:
    """What this person answered last in their own words."""
    answered = enrolment.survey_responses.answered().order_by("-changed_at", "-pk")[:5]
    return next((words for row in answered if (words := words_of(row))), "")


def note_review(enrolment: Enrolment, place: ReviewPlace, *, now: datetime) -> None:
    """They say that they have left a review there; rules and contests answer to it. Once for each place."""
    review = Event(
        kind=Event.Kind.REVIEW_LEFT, program_id=enrolment.program_id, advocate_id=enrolment.advocate_id,
        occurred_at=now, data={"place": place.name}, dedup_key=_key(enrolment, place),
    )  # fmt: skip
    Event.objects.record([review], now=now)


def reviewed(enrolment: Enrolment, places: Iterable[ReviewPlace]) -> set[int]:
    """In which of these places they have left one, by key."""
    keys = {_key(enrolment, place): place.pk for place in places}
    known = Event.objects.filter(dedup_key__in=keys).values_list("dedup_key", flat=True)
    return {keys[key] for key in known}


def is_rewarded(enrolment: Enrolment, *, now: datetime) -> bool:
    """Whether a review earns something in this program; then whoever reads it should know."""
    rules = RewardRule.objects.in_force(now).filter(program=enrolment.program_id)
    return rules.filter(when=RewardRule.When.REVIEW).exists()


def _key(enrolment: Enrolment, place: ReviewPlace) -> str:
    return f"review:{enrolment.pk}:{place.pk}"
