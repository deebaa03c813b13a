"""What people type about friends and about themselves. A refusal is a sentence at its field."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from referrals.contacts import clean_email, clean_line, clean_name, clean_note, clean_phone
from referrals.contacts import email_key as key_of_email
from referrals.contacts import phone_key as key_of_phone
from referrals.fit import kept_answers
from referrals.models import Advocate, Program, Question
from referrals.models.profile import fit_score
from referrals.services.referral import Friend

FRIENDS_AT_ONCE = 5
JOINED = ("name", "email", "phone", "company", "note", "told_by")


def agreement_of_advocate(program: Program) -> str:
    """The exact words an advocate agrees to; kept with each referral."""
    return _now("Everyone I name here knows about it and agrees that %(company)s may contact them.") % {
        "company": program.company
    }


def agreement_of_friend(program: Program) -> str:
    """The exact words a friend agrees to; kept with the referral."""
    return _now("%(company)s may contact me about this recommendation by e-mail or phone.") % {
        "company": program.company
    }


class Typed(forms.CharField):
    """A line that one of the cleaners in contacts reads; the cleaner says what is wrong."""

    def __init__(
        self, clean_with: Callable[[str], str], *, missing: Any = "", one_of: bool = False, **kwargs: Any
    ) -> None:
        """``missing`` is said when nothing was typed; without it the field may stay empty. ``one_of``
        marks fields of which one is needed, so that no page calls them optional."""
        attrs = kwargs.pop("attrs", {})
        kwargs.setdefault("widget", forms.TextInput)
        super().__init__(error_messages={"required": missing}, required=bool(missing), **kwargs)
        self.widget.attrs.update(attrs)
        self.clean_with, self.one_of = clean_with, one_of
        # Django's own refusals (of a null character) are not written for people.
        self.validators = []

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        return self.clean_with(text) if text else ""


def _name(label: Any, missing: Any, autocomplete: str) -> Typed:
    attrs = {"autocomplete": autocomplete, "autocapitalize": "words", "spellcheck": "false", "maxlength": 60}
    return Typed(clean_name, label=label, missing=missing, attrs=attrs | {"enterkeyhint": "next"})


def _email(label: Any, autocomplete: str, **kwargs: Any) -> Typed:
    attrs = {
        "autocomplete": autocomplete,
        "inputmode": "email",
        "enterkeyhint": "next",
        "autocapitalize": "none",
    }
    return Typed(clean_email, label=label, widget=forms.EmailInput, attrs=attrs, **kwargs)


def _phone(label: Any, autocomplete: str, **kwargs: Any) -> Typed:
    attrs = {"autocomplete": autocomplete, "inputmode": "tel", "type": "tel", "enterkeyhint": "next"}
    return Typed(clean_phone, label=label, attrs=attrs | {"class": "width-phone"}, **kwargs)


def _agreed(missing: Any) -> forms.BooleanField:
    return forms.BooleanField(error_messages={"required": missing})


class QuestionField(forms.ChoiceField):
    """A qualifying question with answers to choose from."""

    def __init__(self, question: Question) -> None:
        if question.kind == Question.Kind.YES_NO:
            choices: list[Any] = [("yes", _("Yes")), ("no", _("No"))]
        else:
            choices = question.told_answers
        missing = _("Choose one of the answers.")
        super().__init__(
            label=question.told.text,
            choices=choices,
            widget=forms.RadioSelect,
            required=question.required,
            error_messages={"required": missing, "invalid_choice": missing},
        )


def _field_for(question: Question) -> forms.Field:
    if question.kind not in (Question.Kind.TEXT, Question.Kind.POSTCODE):
        return QuestionField(question)
    missing = _("Answer this in a few words.") if question.required else ""
    return Typed(
        clean_line, label=question.told.text, missing=missing, attrs={"maxlength": 120, "autocomplete": "off"}
    )


class FriendForm(forms.Form):
    """One friend, as an advocate describes them."""

    name = _name(_("Your friend's name"), _("Write your friend's name."), "off")
    email = _email(_("Their e-mail address"), "off", one_of=True)
    phone = _phone(
        _("Their phone number"),
        "off",
        one_of=True,
        help_text=_("An e-mail address or a phone number is enough."),
    )
    relation = Typed(
        clean_line,
        label=_("How do you know each other?"),
        help_text=_("So that we know how to speak to them: “we run the same kind of shop”."),
        attrs={"maxlength": 120, "autocomplete": "off", "enterkeyhint": "next"},
    )

    use_required_attribute = False

    def __init__(
        self, data: Any = None, *, number: int, program: Program, questions: Sequence[Question], **kwargs: Any
    ) -> None:
        """``number`` is the friend's place in the form, from 1; 0 for one that may still be added."""
        super().__init__(data, empty_permitted=number != 1, **kwargs)
        self.number, self.questions = number, questions
        _read_local_numbers(self, program)
        self.fields |= {f"question{question.pk}": _field_for(question) for question in questions}

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.base_fields]

    @property
    def question_fields(self) -> list[forms.BoundField]:
        return [self[f"question{question.pk}"] for question in self.questions]

    def clean(self) -> None:
        given = self.cleaned_data.get("email") or self.cleaned_data.get("phone")
        if self.has_changed() and not (given or "email" in self.errors or "phone" in self.errors):
            self.add_error("email", _("Write an e-mail address or a phone number, whichever you have."))

    @property
    def is_left_empty(self) -> bool:
        return self.number != 1 and not self.has_changed()

    def contact(self) -> Friend:
        """How to reach the friend, as far as it could be read."""
        typed = self.cleaned_data
        return Friend(name=typed.get("name", ""), email=typed.get("email", ""), phone=typed.get("phone", ""))

    def friend(self) -> Friend:
        """What was typed, ready for ``submit_referrals``."""
        typed = self.cleaned_data
        given = {q: typed.get(f"question{q.pk}", "") for q in self.questions}
        return Friend(
            name=typed["name"],
            email=typed["email"],
            phone=typed["phone"],
            relation=typed["relation"],
            answers=kept_answers(given),
            fit=fit_score(self.questions, {str(q.pk): answer for q, answer in given.items()}),
        )


class ReferForm(forms.Form):
    """One to five friends and the advocate's word that they agreed, from an advocate we know.

    Friends after the first that were left empty do not count. What was typed is never lost.
    """

    agreed = _agreed(_("Ask them first, then tick this. Nothing has been sent."))

    use_required_attribute = False

    def __init__(
        self,
        data: Any = None,
        *,
        program: Program,
        questions: Sequence[Question],
        advocate: Advocate | None = None,
        draft: Any = None,
    ) -> None:
        """``draft`` is what was typed when somebody asked for room for one more friend."""
        super().__init__(data, initial=dict(draft.items()) if draft else None)
        self.fields["agreed"].label = agreement_of_advocate(program)
        self.program, self.questions, self.advocate = program, questions, advocate
        count = _count(data) if data else min(_count(draft) + 1, FRIENDS_AT_ONCE) if draft else 1
        self.friend_forms = [self._friend_form(n, data, draft or {}) for n in range(1, count + 1)]

    def _friend_form(self, number: int, data: Any = None, draft: Any = ()) -> FriendForm:
        prefix = f"friend{number or '__n__'}"
        typed = {key.removeprefix(f"{prefix}-"): draft[key] for key in draft if key.startswith(f"{prefix}-")}
        return FriendForm(
            data,
            prefix=prefix,
            number=number,
            initial=None if data else typed,
            program=self.program,
            questions=self.questions,
        )

    @property
    def another(self) -> FriendForm | None:
        """An empty form that the page may copy for one more friend; None when there is no more room."""
        return self._friend_form(0) if len(self.friend_forms) < FRIENDS_AT_ONCE else None

    @property
    def all_forms(self) -> list[forms.Form]:
        return [*self.friend_forms, self]

    @property
    def has_refusals(self) -> bool:
        return any(form.errors for form in self.all_forms)

    def is_valid(self) -> bool:
        every = [super().is_valid(), *[form.is_valid() for form in self.friend_forms]]
        self._refuse_themselves()
        self._refuse_twins()
        return all(every) and not self.has_refusals

    def friends(self) -> list[Friend]:
        return [form.friend() for form in self._named_forms()]

    def _named_forms(self) -> list[FriendForm]:
        return [form for form in self.friend_forms if not form.is_left_empty]

    def own_keys(self) -> set[str]:
        """Under which the advocate is known: naming oneself is no recommendation."""
        return {self.advocate.email_key, self.advocate.phone_key} - {""} if self.advocate else set()

    def _refuse_themselves(self) -> None:
        said = _("That is your own address or number. Whom else do you know who faces the same problem?")
        for form in self._named_forms():
            _refuse(form, self.own_keys(), said)

    def _refuse_twins(self) -> None:
        seen: set[str] = set()
        for form in self._named_forms():
            keys = form.contact().keys
            _refuse(form, seen, _("You have named this person above already. Leave one of the two empty."))
            seen |= keys

    def refuse_named(self, keys: set[str]) -> None:
        """Say it at those friends whom this advocate has named before: these are their keys."""
        for form in self._named_forms():
            _refuse(form, keys, _("You have recommended this person before. Whom else do you know?"))


class StrangerForm(ReferForm):
    """The same from someone whom we do not know yet, and who will prove the address."""

    name = _name(_("Your name"), _("Write your name, so that your friend knows who recommends us."), "name")
    email = _email(
        _("Your e-mail address"),
        "email",
        missing=_("Write your e-mail address: we send a link to it before anything goes out."),
        help_text=_("We send a link there first. Nothing goes out in your name before you open it."),
    )

    field_order = ("name", "email", "agreed")

    @property
    def own_fields(self) -> list[forms.BoundField]:
        return [self["name"], self["email"]]

    def own_keys(self) -> set[str]:
        return {key_of_email(getattr(self, "cleaned_data", {}).get("email", ""))} - {""}


class DetailsForm(forms.Form):
    """What a friend adds to a yes."""

    phone = _phone(_("Your phone number"), "tel", help_text=_("If you would rather be called."))
    note = Typed(
        clean_note,
        label=_("When is a good time, and what should we know?"),
        widget=forms.Textarea,
        attrs={"rows": 3, "maxlength": 300},
    )
    agreed = _agreed(_("Tick this if we may contact you. Without it we will not."))

    use_required_attribute = False

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agreed"].label = agreement_of_friend(program)
        _read_local_numbers(self, program)

    @property
    def all_forms(self) -> list[forms.Form]:
        return [self]


class JoinForm(DetailsForm):
    """What a friend tells about themselves who came by a share link, or of their own accord; in that case
    they say who told them. What they say there is never answered: it would tell who is a customer."""

    name = _name(_("Your name"), _("Write your name."), "name")
    email = _email(_("Your e-mail address"), "email", missing=_("Write your e-mail address."))
    company = Typed(
        partial(clean_line, length=80),
        label=_("Your company"),
        attrs={"autocomplete": "organization", "maxlength": 80, "enterkeyhint": "next"},
    )

    told_by = Typed(
        partial(clean_line, length=60),
        label=_("Who told you about us?"),
        help_text=_("Their name, or the code they gave you."),
        attrs={"autocomplete": "off", "maxlength": 60, "enterkeyhint": "next"},
    )

    field_order = ("name", "email", "phone", "company", "told_by", "note", "agreed")

    def __init__(self, *args: Any, advocate: Advocate | None = None, **kwargs: Any) -> None:
        """``advocate`` is whose link the friend has come by, if any."""
        super().__init__(*args, **kwargs)
        self.advocate = advocate
        if advocate is None:
            self.fields["told_by"].required = True
            self.fields["told_by"].error_messages["required"] = _("Write who told you: a name is enough.")

    def clean(self) -> None:
        own = {self.advocate.email_key, self.advocate.phone_key} - {""} if self.advocate else set()
        said = _("This is the address or number of whoever recommends us. Write your own, please.")
        _refuse(self, own, said)

    def friend(self) -> Friend:
        return Friend(**{k: self.cleaned_data[k] for k in JOINED})


def _read_local_numbers(form: forms.Form, program: Program) -> None:
    phone = form.fields["phone"]
    assert isinstance(phone, Typed)  # noqa: S101 - for the type checker
    phone.clean_with = partial(clean_phone, country=program.country)


def _count(data: Any) -> int:
    """How many friends a form that was sent has room for; whatever was sent, it is one to five."""
    count = str(data.get("friends", ""))[:2]
    return min(max(int(count), 1), FRIENDS_AT_ONCE) if count.isascii() and count.isdigit() else 1


def _refuse(form: forms.Form, keys: set[str], said: Any) -> None:
    """Say so at the field whose address or number is one of these."""
    for name, key in (("email", key_of_email), ("phone", key_of_phone)):
        if key(form.cleaned_data.get(name, "")) in keys:
            form.add_error(name, said)
