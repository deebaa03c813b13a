"""What one request to write to somebody is about: where, with which words, and what was typed so far."""

from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from liquid.exceptions import LiquidError

from campaigns.admin.template import WordsArea
from campaigns.admin.trial import text_length
from campaigns.models import ByHand, MessageChannel
from campaigns.services.checking import check_words
from campaigns.services.draft import WRITABLE, Draft, begin, known_values, look
from campaigns.services.framing import framing_hints
from campaigns.services.outlook import Outlook
from campaigns.services.personal import foresee, words_for
from campaigns.services.step_words import Words
from campaigns.services.texting import TooLong
from campaigns.services.words import Rendered
from referrals.admin.scoped import asker
from referrals.contacts import clean_line, refuse_unseen
from referrals.models import Advocate, Enrolment, Program
from referrals.roles import programs_granting

PAGE = "admin:referrals_advocate_write"
EMAIL, SMS, OWN = "email", "sms", "own"
WAYS = (
    (EMAIL, gettext_lazy("by e-mail, from here, in my name")),
    (SMS, gettext_lazy("by text message")),
    (OWN, gettext_lazy("from my own mail program")),
)


class Trial(NamedTuple):
    """What stands beneath the words."""

    mail: Rendered
    hints: list[str]
    length: str
    outlook: Outlook
    look_url: str


class LetterForm(forms.Form):
    way = forms.ChoiceField(label=gettext_lazy("How it goes"), choices=WAYS)
    subject = forms.CharField(
        label=gettext_lazy("Subject"),
        max_length=150,
        help_text=gettext_lazy("A text message has none."),
        error_messages={"required": gettext_lazy("Write a subject: it is what they see first.")},
    )
    body = forms.CharField(
        label=gettext_lazy("Words"), max_length=10_000, widget=WordsArea(attrs={"rows": 18, "class": "words"})
    )  # fmt: skip

    def __init__(self, *args: Any, purpose: str, has_phone: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.purpose = purpose
        area: Any = self.fields["body"].widget
        area.purpose = purpose
        self.fields["subject"].required = self["way"].value() != SMS
        if not has_phone:
            ways: Any = self.fields["way"]
            ways.choices = [way for way in WAYS if way[0] != SMS]

    def clean_subject(self) -> str:
        return clean_line(self.cleaned_data["subject"], 150)

    def clean_body(self) -> str:
        words: str = self.cleaned_data["body"].replace("\r\n", "\n").strip()
        refuse_unseen(words, lines=True)
        return words

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("body"):
            try:
                check_words(self.purpose, found.get("subject", ""), found["body"])
            except ValidationError as wrong:
                self.add_error(None, wrong)
        return found


def may_write_in(user: Any) -> Any:
    """The live programs in which this person may write to people in their own name."""
    return _writers_programs(user).live()


def _writers_programs(user: Any) -> Any:
    if not user.has_perm("campaigns.change_byhand"):
        return Program.objects.none()
    return programs_granting(user, "change", ByHand)


def page_for(advocate: Advocate, program_id: int) -> str:
    """Where one writes to this person for this program."""
    return f"{reverse(PAGE, args=[advocate.pk])}?program={program_id}"


def write_url(advocate: Advocate, program: Program, user: Any) -> str:
    """The same, for whoever may."""
    return page_for(advocate, program.pk) if may_write_in(user).filter(pk=program.pk).exists() else ""


def places_of(advocate: Advocate, user: Any) -> list[Enrolment]:
    """For which programs this person may write to this advocate: those the advocate is in; if none, any."""
    mine = may_write_in(user).select_related("voice", "profile", "owner").order_by("name", "pk")
    rows = advocate.enrolments.filter(program__in=mine).select_related("program__voice", "program__profile")
    places = list(rows.order_by("program__name", "pk"))
    if not places and not advocate.enrolments.exists():
        places = [Enrolment(program=program) for program in mine]
    for place in places:
        place.advocate = advocate
    return places


def closed_programs_of(advocate: Advocate, user: Any) -> list[Program]:
    """For which programs this person might write to this advocate, if they were live."""
    closed = _writers_programs(user).exclude(status=Program.Status.LIVE).order_by("name", "pk")
    if advocate.enrolments.exists():
        closed = closed.filter(enrolments__advocate=advocate)
    return list(closed)


class Writing:
    """What one request is about: the program, the words to begin with, and what was typed so far."""

    def __init__(self, request: HttpRequest, advocate: Advocate) -> None:
        self.given = request.POST if request.method == "POST" else request.GET
        self.user = asker(request)
        self.places = places_of(advocate, self.user)
        if not self.places:
            raise PermissionDenied
        chosen = self.given.get("program", "")
        self.place = next((p for p in self.places if str(p.program_id) == chosen), self.places[0])
        self.offered = words_for(self.place)
        self.words = self._words()
        self.form = self._form(request)

    def _words(self) -> Words:
        purpose, _dot, rest = self.given.get("words", "").partition(".")
        channel, _dot, variant = rest.partition(".")
        if purpose in WRITABLE and channel in {EMAIL, SMS} and variant.isprintable():
            return purpose, channel, variant[:20]
        return next(iter(self.offered), (next(iter(WRITABLE)), MessageChannel.EMAIL, ""))

    def _form(self, request: HttpRequest) -> LetterForm:
        purpose, channel, _variant = self.words
        more: dict[str, Any] = {"purpose": purpose, "has_phone": bool(self.place.advocate.phone)}
        if request.method == "POST":
            form = LetterForm(request.POST, **more)
            if self.given.get("program", "") not in {"", str(self.place.program_id)}:
                words = _(
                    "The program is no longer live, or not yours. Look whether this may leave for “%(program)s”."
                )
                form.add_error(None, words % {"program": self.place.program})
        else:
            subject, body = begin(self.draft(channel=channel))
            way = self.given.get("way", channel)
            form = LetterForm(initial={"way": way, "subject": subject, "body": body}, **more)
        form.fields["body"].widget.values = known_values(self.draft())
        return form

    def draft(self, **more: Any) -> Draft:
        purpose, _channel, variant = self.words
        return Draft(place=self.place, by=self.user, purpose=purpose, variant=variant, **more)

    def typed(self) -> Draft:
        """The draft as it stands in the form, fit to be sent or not."""
        values = {name: str(self.form[name].value() or "") for name in ("way", "subject", "body")}
        way, is_text = values["way"], values["way"] == SMS
        return self.draft(
            channel=SMS if is_text else EMAIL, by_hand=way == OWN, subject="" if is_text else values["subject"],
            body=values["body"].replace("\r\n", "\n"),
            key=f"personal:{self.user.pk}:{self.place.advocate.pk}:{self.key}",
        )  # fmt: skip

    @property
    def key(self) -> str:
        """Drawn when the page is opened, so that two clicks send it once."""
        try:
            return UUID(self.given.get("key", "")).hex
        except ValueError:
            return uuid4().hex

    def look(self) -> Rendered:
        """What they would read; or, with no words of theirs, why these cannot be used."""
        return self._look()[0]

    def _look(self) -> tuple[Rendered, bool]:
        draft = self.typed()
        try:
            check_words(draft.purpose, draft.subject, draft.body)
            return look(draft), True
        except ValidationError as wrong:
            return Rendered("", "\n".join(wrong.messages), ""), False
        except (LiquidError, KeyError, TooLong) as wrong:
            return Rendered("", str(wrong), ""), False

    def trial(self) -> Trial:
        draft, advocate = self.typed(), self.place.advocate
        mail, is_readable = self._look()
        hints = framing_hints(
            draft.purpose, advocate.language or self.place.program.language, draft.body,
            subject=draft.subject, channel=draft.channel, reader=advocate.first_name,
        )  # fmt: skip
        return Trial(
            mail, hints, text_length(mail.text) if draft.channel == SMS and is_readable else "",
            foresee(draft, now=timezone.now()), reverse(f"{PAGE}_look", args=[advocate.pk]),
        )  # fmt: skip

    @property
    def chosen(self) -> str:
        return ".".join(self.words)

    def choices(self) -> list[tuple[str, str, bool]]:
        return [(".".join(row), _named(row), row == self.words) for row in self.offered]


def _named(words: Words) -> str:
    purpose, channel, variant = words
    parts = [WRITABLE[purpose], _("text message") if channel == SMS else "", variant]  # type: ignore[index]
    return " · ".join(str(part) for part in parts if part)
