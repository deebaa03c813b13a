from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Testimonial
from campaigns.services.testimonial import approve, decline
from referrals.admin.cells import link_to, moment, person, status_word
from referrals.admin.scoped import ProgramFilter
from referrals.admin.steps import Step, StepsAdmin

Status = Testimonial.Status
LOOKS = {Status.DRAFT: "pending", Status.APPROVED: "live", Status.DECLINED: "", Status.WITHDRAWN: "ended"}


@admin.register(Testimonial)
class TestimonialAdmin(StepsAdmin):
    about = gettext_lazy(
        "What customers wrote in a survey and let you quote. Nothing is shown before you agree; three at most stand on "
        "the program's page and on the page behind a share link, in the reader's language first."
    )
    list_display = ("quote", "state", "since", "program")
    list_display_links = ("quote",)
    list_filter = ("status", ProgramFilter, "language")
    list_select_related = ("program",)
    search_fields = ("original", "name", "company")
    ordering = ("-status_at", "-pk")
    fields = ("words", "name", "company", "original", "advocate", "agreed")
    readonly_fields = ("original", "advocate", "agreed")
    steps = (
        Step(
            name="approve", label=gettext_lazy("Show it"), carry_out=approve,
            does=gettext_lazy("It stands on the public pages from now on, until you or the customer take it back."),
            fits=lambda row: row.may_become(Status.APPROVED),
        ),
        Step(
            name="decline", label=gettext_lazy("Do not show it"), carry_out=decline,
            does=gettext_lazy("It is on no public page. The customer's answer stays as it is."),
            fits=lambda row: row.may_become(Status.DECLINED),
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("program", "response__enrolment__advocate")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        gone = obj is not None and obj.status == Status.WITHDRAWN
        return (*super().get_readonly_fields(request, obj), *(("words", "name", "company") if gone else ()))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        # The customer may take it back while the form is open: only what was typed is written.
        rows: Any = Testimonial.objects.filter(pk=obj.pk).exclude(status=Status.WITHDRAWN)
        rows.update(**{name: form.cleaned_data[name] for name in form.changed_data})

    def summary(self, obj: Testimonial) -> Sequence[Any]:
        return [self.state(obj)]

    @admin.display(description=gettext_lazy("words"), ordering="words")
    def quote(self, row: Testimonial) -> Any:
        where = ", ".join(part for part in (row.name, row.company) if part)
        return person(row.words[:120] or _("deleted"), where)

    @admin.display(description=gettext_lazy("state"), ordering="status")
    def state(self, row: Testimonial) -> Any:
        return status_word(LOOKS[Status(row.status)], row.get_status_display())

    @admin.display(description=gettext_lazy("since"), ordering="status_at")
    def since(self, row: Testimonial) -> Any:
        return moment(row.status_at, row.program.zone)

    @admin.display(description=gettext_lazy("customer"))
    def advocate(self, row: Testimonial) -> Any:
        return link_to(_advocate(row))

    @admin.display(description=gettext_lazy("agreed to"))
    def agreed(self, row: Testimonial) -> str:
        return row.response.quote_words


def _advocate(row: Testimonial) -> Model:
    found: Model = row.response.enrolment.advocate
    return found
