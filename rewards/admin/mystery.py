from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Count, Exists, F, OuterRef, Sum, Window
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import link_to, status_word
from referrals.admin.scoped import NamedFormSet, ProgramFilter, ScopedInline
from referrals.admin.steps import Step, StepsAdmin
from rewards.models import Incentive, MysteryBox, MysteryOutcome, Reward
from rewards.services.mystery import reveal


class OutcomeFormSet(NamedFormSet):
    """What may be in the box: gifts of the same program, no box within a box."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if not hasattr(self, "choices"):
            self.choices = list(form.fields["incentive"].choices)
        # Fetched once for the table, not once a row.
        form.fields["incentive"].choices = self.choices

    def clean(self) -> None:
        super().clean()
        for form in filter(lambda form: form.has_changed(), self.forms):
            gift = getattr(form, "cleaned_data", {}).get("incentive")
            if gift and gift.kind == Incentive.Kind.MYSTERY:
                form.add_error("incentive", _("A mystery gift cannot hold another one."))
            elif gift and gift.program_id != self.instance.incentive.program_id:
                form.add_error("incentive", _("Choose an incentive of the same program."))


class OutcomeInline(ScopedInline):
    model = MysteryOutcome
    formset = OutcomeFormSet
    fields = ("incentive", "chances", "odds")
    readonly_fields = ("odds",)
    extra = 2

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).select_related("incentive")
        return rows.annotate(of=Window(Sum("chances"), partition_by=F("box")))

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        if obj and (field := formset.form.base_fields.get("incentive")):
            field.queryset = field.queryset.filter(program=obj.incentive.program_id)  # type: ignore[attr-defined]
        return formset

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._open(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._open(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._open(obj) and super().has_delete_permission(request, obj)

    def _open(self, box: Any) -> bool:
        """Odds stay as they are once somebody has drawn: otherwise nobody could check the draw."""
        return not getattr(box, "drawn", False)

    @admin.display(description=gettext_lazy("odds"))
    def odds(self, outcome: Any) -> str:
        if not getattr(outcome, "of", None):
            return ""
        return _("%(percent)s %%") % {"percent": f"{100 * outcome.chances / outcome.of:.1f}"}


@admin.register(MysteryBox)
class MysteryBoxAdmin(StepsAdmin):
    about = gettext_lazy(
        "What a mystery gift may turn out to be, and how likely. The hash is published before anyone draws; "
        "with the seed, published later, everybody can check each draw."
    )
    list_display = ("gift", "outcome_count", "state", "hash", "program")
    list_filter = (ProgramFilter,)
    list_select_related = ("incentive__program",)
    search_fields = ("incentive__name",)
    ordering = ("incentive__name",)
    fields = ("gift_link", "hash")
    readonly_fields = fields
    inlines = (OutcomeInline,)
    steps = (
        Step(
            name="reveal", label=gettext_lazy("Publish the seed"), carry_out=reveal, bulk=False,
            does=gettext_lazy("Anybody can repeat every draw from then on. Nothing is drawn from it any more."),
            fits=lambda box: box.revealed_at is None and not box.incentive.active,
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).select_related("incentive__program")
        drawn = Reward.objects.filter(wrapped_in=OuterRef("incentive"))
        return rows.annotate(drawn=Exists(drawn), count=Count("outcomes"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # It comes with its incentive, and goes with it.
        return False

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        raise Http404

    def more_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return super().more_context(request, obj) | {"show_delete": False}

    def summary(self, obj: Any) -> Sequence[Any]:
        if obj.drawn:
            return [
                _("Somebody has drawn, so the odds stay as they are. For others, add a new mystery gift.")
            ]
        if not obj.count:
            return [status_word("overdue", _("It is empty. Say below what it may turn out to be."))]
        return [_("The odds can be changed until the first gift is drawn.")]

    @admin.display(description=gettext_lazy("mystery gift"), ordering="incentive__name")
    def gift(self, box: MysteryBox) -> str:
        return box.incentive.name

    @admin.display(description=gettext_lazy("mystery gift"))
    def gift_link(self, box: MysteryBox) -> Any:
        return link_to(box.incentive)

    @admin.display(description=gettext_lazy("outcomes"), ordering="count")
    def outcome_count(self, box: Any) -> int:
        return int(box.count)

    @admin.display(description=gettext_lazy("state"))
    def state(self, box: Any) -> Any:
        if not box.count:
            return status_word("overdue", _("empty"))
        return status_word("live", _("drawn from")) if box.drawn else status_word("", _("open"))

    @admin.display(description=gettext_lazy("published hash (SHA-256)"))
    def hash(self, box: MysteryBox) -> Any:
        return format_html("<code>{}</code>", box.seed_hash)

    @admin.display(description=gettext_lazy("program"))
    def program(self, box: MysteryBox) -> Any:
        return box.incentive.program
