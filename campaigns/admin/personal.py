"""“Write to them personally”: one message to one person, begun with words of the bank and written freely; what it
lacks, how it looks and what would become of it stands beneath it while it is written."""

from typing import Any, NamedTuple

from csp.constants import SELF
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin

from campaigns.admin.asking import ASK_NOW
from campaigns.admin.message import mail_document
from campaigns.admin.personal_form import PAGE, Writing, closed_programs_of, places_of
from campaigns.admin.trial import look_as
from campaigns.services.personal import foresee, write
from referrals.admin.scoped import asker
from referrals.admin.steps import StepsAdmin
from referrals.models import Advocate, Program
from referrals.roles import programs_granting
from referrals.transitions import Refused


class Button(NamedTuple):
    label: Any
    danger: bool = False


WRITE = Button(gettext_lazy("Write to them personally"))


class PersonalAdmin(StepsAdmin):
    """People to whom somebody of ours may write."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("<int:object_id>/write/", view(self.write_view), name="referrals_advocate_write"),
            path(
                "<int:object_id>/write/look/",
                xframe_options_sameorigin(view(self.letter_view)),
                name="referrals_advocate_write_look",
            ),
            *super().get_urls(),
        ]

    def more_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        shown = super().more_context(request, obj)
        user = asker(request)
        if not (places_of(obj, user) or closed_programs_of(obj, user)):
            return shown
        steps = shown["steps"]
        after = next((n for n, offered in enumerate(steps, 1) if offered["step"] is ASK_NOW), len(steps))
        button = {"step": WRITE, "url": reverse(PAGE, args=[obj.pk]), "is_main": False}
        return shown | {"steps": [*steps[:after], button, *steps[after:]]}

    def write_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        advocate = self._person(request, object_id)
        user = asker(request)
        if not places_of(advocate, user) and (closed := closed_programs_of(advocate, user)):
            return self._closed(request, advocate, closed)
        writing = Writing(request, advocate)
        if "_send" in request.POST and writing.form.is_valid():
            try:
                return self._send(request, writing)
            except Refused as refusal:
                writing.form.add_error(None, str(refusal))
        shown = {"writing": writing, "form": writing.form, "trial": writing.trial()}
        answer = TemplateResponse(request, "admin/personal.html", self._about(request, advocate) | shown)
        # The mail as it looks stands in a frame of its own.
        answer._csp_update = {"frame-src": [SELF]}  # type: ignore[attr-defined]
        return answer

    def _closed(self, request: HttpRequest, advocate: Advocate, closed: list[Program]) -> HttpResponse:
        """Why nothing can be written yet, and what to do about it."""
        mine = set(programs_granting(asker(request), "change", Program).values_list("pk", flat=True))
        shown = {"closed": [(program, program.pk in mine) for program in closed]}
        return TemplateResponse(request, "admin/personal_closed.html", self._about(request, advocate) | shown)

    def _about(self, request: HttpRequest, advocate: Advocate) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {
            "title": _("Write to %(name)s personally") % {"name": advocate}, "advocate": advocate,
            "opts": self.opts, "summary": self.summary(advocate), "media": self.media,
        }  # fmt: skip

    def letter_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The mail as a document of its own: in the light, in the dark, or as wide as a phone."""
        advocate = self._person(request, object_id)
        if request.method != "POST":
            raise Http404
        mail = Writing(request, advocate).look()
        if not mail.html:
            return HttpResponse(mail.text, content_type="text/plain; charset=utf-8")
        return mail_document(look_as(mail.html, request.POST.get("as", "")))

    def _person(self, request: HttpRequest, object_id: int) -> Advocate:
        found: Advocate | None = self.get_object(request, str(object_id))
        if found is None or not self.may(request, "view", found):
            raise Http404
        return found

    def _send(self, request: HttpRequest, writing: Writing) -> HttpResponse:
        draft, now = writing.typed(), timezone.now()
        outlook = foresee(draft, now=now)
        message = write(draft, now=now)
        self.log_change(request, draft.place.advocate, str(WRITE.label))
        if draft.by_hand:
            messages.success(
                request, _("It is on your list. Open it in your mail program, and say when it has left.")
            )
            return HttpResponseRedirect(reverse("admin:campaigns_byhand_change", args=[message.pk]))
        said = outlook.said if outlook.may else _("It is in the outbox.")
        messages.success(
            request, _("Written to %(name)s. %(said)s") % {"name": draft.place.advocate, "said": said}
        )
        return HttpResponseRedirect(
            reverse("admin:referrals_advocate_change", args=[draft.place.advocate.pk])
        )
