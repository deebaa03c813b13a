"""Why a friend fits: each answer against what the ideal customer would have said."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext, override

from referrals.models import Question


class Reason(NamedTuple):
    """A question, what was answered, and what that means: good, warn (in part), bad, or quiet (no points)."""

    question: str
    answer: str
    tone: str


def reasons(answers: Iterable[Mapping[str, str]], questions: Sequence[Question]) -> list[Reason]:
    """The answers as they were given, the best first. A question that was changed since gives no points."""
    asked = {question.text: question for question in questions}
    found = [
        Reason(
            said.get("question", ""), said.get("answer", ""), _tone(asked.get(said.get("question", "")), said)
        )
        for said in answers
    ]
    return sorted(found, key=lambda reason: ("good", "warn", "bad", "quiet").index(reason.tone))


def _tone(question: Question | None, said: Mapping[str, str]) -> str:
    if question is None or not question.most_points:
        return "quiet"
    answer = said.get("answer", "")
    yes_no = question.kind == Question.Kind.YES_NO
    points = question.points_for("yes" if yes_no and answer.lower() in _yes() else answer)
    if not points:
        return "bad"
    return "good" if points == question.most_points else "warn"


@lru_cache(maxsize=1)
def _yes() -> frozenset[str]:
    """“Yes” as the form may have written it, in any language of the product."""
    found = {"yes"}
    for language, _name in settings.LANGUAGES:
        with override(language):
            found |= {gettext("yes").lower(), gettext("Yes").lower()}
    return frozenset(found)


def kept_answers(given: Mapping[Question, str]) -> list[dict[str, str]]:
    """The answers as a referral keeps them, in the words of the moment; what was left open is left out."""
    return [
        {"question": q.text, "answer": _said(q, answer), **_marked(q)}
        for q, answer in given.items()
        if answer
    ]


def _marked(question: Question) -> dict[str, str]:
    """Whoever shares friends out by territory looks for the postcode; other answers are for people."""
    return {"kind": "postcode"} if question.kind == Question.Kind.POSTCODE else {}


def _said(question: Question, answer: str) -> str:
    return (
        {"yes": gettext("yes"), "no": gettext("no")}[answer]
        if question.kind == Question.Kind.YES_NO
        else answer
    )
