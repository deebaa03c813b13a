"""What people choose about the messages they get."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from campaigns.models import ContactPreference, Topic
from campaigns.services.preference import Choice
from referrals.models import Advocate


class PreferenceForm(forms.Form):
    """The choices of one person, as they stand; ``choice`` is what they became."""

    topics = forms.MultipleChoiceField(
        label=_("What you want to hear"),
        help_text=_("Thanks, and news of a reward of yours, always come."),
        choices=Topic.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    way = forms.ChoiceField(label=_("How"), choices=ContactPreference.Way, widget=forms.RadioSelect)
    often = forms.ChoiceField(label=_("How often"), choices=ContactPreference.Often, widget=forms.RadioSelect)
    pause = forms.BooleanField(label=_("Leave me in peace for three months"), required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    def __init__(
        self, data: Any, *, preference: ContactPreference, advocate: Advocate, language: str, now: datetime
    ) -> None:
        until = preference.paused_until
        self.paused_until = until if until and until > now else None
        initial = {
            "topics": [str(topic) for topic in preference.topics], "way": preference.way,
            "often": preference.often, "pause": self.paused_until is not None,
            "language": advocate.language or language,
        }  # fmt: skip
        super().__init__(data, initial=initial, label_suffix="")
        # An empty list of topics is an answer, and no “(optional)” stands beside a question like these.
        self.fields["topics"].one_of = True  # type: ignore[attr-defined]
        if self.paused_until:
            day = date_format(self.paused_until, "j E")
            self.fields["pause"].label = _("Leave me in peace until %(day)s") % {"day": day}

    @property
    def choice(self) -> Choice:
        return Choice(**self.cleaned_data)
