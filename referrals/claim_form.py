"""What an advocate types who says afterwards that they recommended us."""

from datetime import date, timedelta
from functools import partial
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from referrals.contacts import clean_email, clean_name, clean_note, clean_phone
from referrals.contacts import email_key as key_of_email
from referrals.contacts import phone_key as key_of_phone
from referrals.forms import Typed
from referrals.models import Advocate, Program

# Nobody remembers longer, and nothing counts that long.
LONGEST_AGO = timedelta(days=730)


class ClaimForm(forms.Form):
    """The friend, when they talked, and how one can tell."""

    name = Typed(
        clean_name, label=_("Your friend's name"), missing=_("Write your friend's name."),
        attrs={"autocomplete": "off", "autocapitalize": "words", "spellcheck": "false", "maxlength": 60},
    )  # fmt: skip
    email = Typed(
        clean_email, label=_("Their e-mail address"), widget=forms.EmailInput,
        attrs={"autocomplete": "off", "inputmode": "email", "autocapitalize": "none"},
    )  # fmt: skip
    phone = Typed(
        clean_phone, label=_("Their phone number"),
        attrs={"autocomplete": "off", "inputmode": "tel", "type": "tel", "class": "width-phone"},
    )  # fmt: skip
    happened_on = forms.DateField(
        label=_("When did you recommend us to them?"),
        help_text=_("About is good enough."),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": _("Write the day, as well as you remember it."),
                        "invalid": _("Write the day as 2026-03-31.")},
    )  # fmt: skip
    words = Typed(
        clean_note, label=_("What happened, in your words?"),
        help_text=_("Such as: “I told her at the fair in May, and she called you the week after.”"),
        missing=_("Tell us in a sentence what happened: it helps us find your friend."),
        widget=forms.Textarea, attrs={"rows": 3, "maxlength": 300},
    )  # fmt: skip

    use_required_attribute = False

    def __init__(self, *args: Any, program: Program, advocate: Advocate, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.program, self.advocate, self.today = program, advocate, today
        phone: Any = self.fields["phone"]
        phone.clean_with = partial(clean_phone, country=program.country)

    @property
    def all_forms(self) -> list[forms.Form]:
        return [self]

    def clean_happened_on(self) -> date:
        day: date = self.cleaned_data["happened_on"]
        if day > self.today:
            raise forms.ValidationError(_("This day is still to come. When did you talk?"))
        if day < self.today - LONGEST_AGO:
            raise forms.ValidationError(_("That is more than two years ago, and cannot count any more."))
        return day

    def clean(self) -> None:
        given = self.cleaned_data
        keys = {key_of_email(given.get("email", "")), key_of_phone(given.get("phone", ""))} - {""}
        if keys & {self.advocate.email_key, self.advocate.phone_key}:
            self.add_error("email", _("That is your own address or number. Write your friend's."))
