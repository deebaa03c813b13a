"""What a survey asks, in the language of its reader: the program's own words, or the usual ones."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from campaigns.models import Survey, SurveyText

Kind, Place = Survey.Kind, SurveyText.Place

OWN = (Place.OWN_1, Place.OWN_2, Place.OWN_3, Place.OWN_4, Place.OWN_5)
ASKED: dict[str, tuple[str, ...]] = {
    Kind.SATISFACTION: (Place.RECOMMEND, Place.REASON),
    Kind.BEFORE_AFTER: (
        Place.RECOMMEND, Place.BEFORE, Place.PROBLEM, Place.HESITATION, Place.NOW, Place.HELPED
    ),
    Kind.PROGRAM: (Place.EASIER,),
}  # fmt: skip
TITLES: dict[str, Promise] = {
    Kind.SATISFACTION: _("How do you like it with %(company)s?"),
    Kind.BEFORE_AFTER: _("Your story with %(company)s"),
    Kind.PROGRAM: _("How can we make recommending easier?"),
}
USUAL: dict[str, Promise] = {
    Place.INTRO: _("Two minutes. Be as honest as you like: people read every answer."),
    Place.RECOMMEND: _("How likely are you to recommend %(company)s to a friend?"),
    Place.REASON: _("What is the main reason for your answer?"),
    Place.BEFORE: _("How did it go before you came to us?"),
    Place.PROBLEM: _("What problem did you want to solve?"),
    Place.HESITATION: _("What made you hesitate?"),
    Place.NOW: _("How does it go now?"),
    Place.HELPED: _("What helped most?"),
    Place.EASIER: _("What would make it easier for you to recommend us?"),
    Place.THANKS: _("Your answer is with us. People read it, and act on it."),
}


class SurveyWords:
    """All words of one survey, for whoever reads the language that is active."""

    def __init__(self, survey: Survey, texts: Iterable[SurveyText]) -> None:
        self._survey = survey
        self._own: dict[str, dict[str, str]] = {}
        for row in texts:
            self._own.setdefault(row.place, {})[row.language] = row.text

    def questions(self) -> dict[str, str]:
        """Each question by its place, in the order in which they are asked."""
        own = [place for place in OWN if place in self._own]
        return {str(place): self.at(place) for place in (*ASKED[self._survey.kind], *own)}

    def at(self, place: str) -> str:
        """What stands there: the program's own words in this language, else the usual ones; where there are no
        usual ones, its own in another language."""
        mine, program = self._own.get(place, {}), self._survey.program
        if found := mine.get((get_language() or "").partition("-")[0]):
            return found
        usual = TITLES[self._survey.kind] if place == Place.TITLE else USUAL.get(place)
        if usual is not None:
            return str(usual) % {"company": program.company}
        return mine.get(program.language) or next(iter(mine.values()), "")
