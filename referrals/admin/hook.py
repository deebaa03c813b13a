import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import link_to, moment, status_word
from referrals.admin.fresh import FreshAdmin
from referrals.admin.hook_fields import HookMappingForm, HookSourceForm, SecretForm, fact_fields
from referrals.admin.scoped import FactsAdmin, HistoryAdmin, Panel, ProgramFilter
from referrals.admin.steps import Step, StepsAdmin
from referrals.hooks.conditions import unmet
from referrals.hooks.meanings import FACTS, NAMES, Meaning
from referrals.hooks.presets import PRESETS, example_of
from referrals.hooks.reading import read_facts, read_json
from referrals.hooks.samples import sample_of
from referrals.hooks.schemes import SCHEMES
from referrals.models import HookDelivery, HookMapping, HookSource
from referrals.services.hook import replay
from referrals.transitions import Moved

Verdict = HookDelivery.Verdict
SHORT = 12
TONES = {
    Verdict.TAKEN: "sent",
    Verdict.WAITING: "sending",
    Verdict.IGNORED: "",
    Verdict.REFUSED: "failed",
}


def take_new_secret(rows: Any, *, secret: str, now: datetime, by: Any) -> Moved:
    sources = list(rows)
    for source in sources:
        source.set_secret(secret, now=now)
        source.save(update_fields=["secret_sealed", "older_secret_sealed", "secret_since"])
    return Moved(sources, [])


@admin.register(HookSource)
class HookSourceAdmin(FreshAdmin, StepsAdmin, HistoryAdmin):
    about = gettext_lazy(
        "Your shop, CRM or form tells us by webhook what happened: orders, refunds, deals, new customers, tags. "
        "Choose one that we know and everything is set up; connect any other by a sample of its calls."
    )
    when_added = gettext_lazy("It is set up. Give the other system the address below and the secret.")
    form = HookSourceForm
    list_display = ("name", "state", "address", "last_call", "refused", "program")
    list_filter = (ProgramFilter, "active")
    list_select_related = ("program",)
    search_fields = ("name", "slug")
    ordering = ("name",)
    actions = None
    readonly_fields = ("address", "last_call")
    steps = (
        Step(
            name="secret", label=gettext_lazy("Replace the secret"), carry_out=take_new_secret, form=SecretForm,
            does=gettext_lazy("For 24 hours, calls signed with the secret before are taken in as well."), bulk=False,
            fresh=True,
        ),
    )  # fmt: skip

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # What it sent explains what happened.
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("program", "preset", "name", "slug", "secret")
        return ("program", "name", "address", "scheme", "type_at", "id_at", "active")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("program", "address") if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if obj else {"slug": ("name",)}

    def save_model(self, request: HttpRequest, obj: HookSource, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        name = form.cleaned_data["preset"]
        preset = PRESETS[name]
        obj.scheme, obj.type_at, obj.id_at = preset.scheme, preset.type_at, preset.id_at
        obj.set_secret(form.cleaned_data["secret"], now=timezone.now())
        super().save_model(request, obj, form, change)
        HookMapping.objects.bulk_create(
            HookMapping(source=obj, says=says, sample=example_of(name, says), **meaning)
            for says, meaning in preset.mappings.items()
        )

    def summary(self, obj: HookSource) -> Sequence[Any]:
        address = format_html('<code class="address">{}</code>', obj.url)
        return [self.state(obj), format_html(_("Let it call {}."), address)]

    def panels(self, request: HttpRequest, obj: HookSource) -> list[Panel]:
        return [self._meanings(obj), self._calls(obj)]

    def _meanings(self, obj: HookSource) -> Panel:
        rows = [
            (link_to(row, row.says), row.get_means_display(), ", ".join(str(NAMES[n]) for n in row.pointers))
            for row in obj.mappings.order_by("says")
        ]
        add = f"{reverse('admin:referrals_hookmapping_add')}?source={obj.pk}"
        empty = _("Nothing is read yet. Say what its first word means.")
        headers, more = (_("It says"), _("It means"), _("Facts")), _("add what another word means")
        return Panel(_("What its words mean"), headers, rows, empty, add, more)

    def _calls(self, obj: HookSource) -> Panel:
        rows = [
            (link_to(row), status_word(TONES[Verdict(row.verdict)], row.get_verdict_display()), row.result,
             moment(row.received_at, obj.program.zone))
            for row in obj.deliveries.order_by("-received_at")[:20]
        ]  # fmt: skip
        more = f"{reverse('admin:referrals_hookdelivery_changelist')}?source__id__exact={obj.pk}"
        empty = _("No signed call has come yet. Send a test from the other system.")
        return Panel(
            _("Newest calls"), (_("Call"), _("What became of it"), _("In words"), _("Received")), rows, empty, more
        )  # fmt: skip

    @admin.display(description=gettext_lazy("status"))
    def state(self, source: HookSource) -> Any:
        if not source.active:
            return status_word("paused", _("switched off"))
        return (
            status_word("live", _("on")) if source.last_at else status_word("draft", _("has not called yet"))
        )

    @admin.display(description=gettext_lazy("address to call"))
    def address(self, source: HookSource) -> str:
        return source.url

    @admin.display(description=gettext_lazy("last call"), ordering="last_at")
    def last_call(self, source: HookSource) -> Any:
        return moment(source.last_at, source.program.zone) or _("never")


@admin.register(HookMapping)
class HookMappingAdmin(HistoryAdmin):
    about = gettext_lazy(
        "Paste one of the system's calls, save, and choose from its fields where each fact stands. What the sample "
        "would do is said above."
    )
    when_added = gettext_lazy("Kept. Now say where the facts stand.")
    form = HookMappingForm
    list_display = ("says", "means", "source")
    list_filter = ("source",)
    list_select_related = ("source",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        # Reached from the system it belongs to.
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The system that the page came from; or a call that arrived, as the sample."""
        calls = self.admin_site._registry[HookDelivery].get_queryset(request)
        asked = request.GET.get("call", "")
        call = calls.filter(pk=asked).first() if asked.isdecimal() else None
        if call is None:
            return super().get_changeform_initial_data(request)
        return {
            "source": call.source_id,
            "says": call.says,
            "sample": _sample(call),
        }

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj and self.has_change_permission(request, obj):
            kwargs["form"] = type("HookFactsForm", (self.form,), fact_fields(obj))
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        told = (None, {"fields": ("source", ("says", "means"), "only_if", "sample")})
        if obj is None or not self.has_change_permission(request, obj):
            return [told]
        names = [name for name in fact_fields(obj) if name.startswith("at_")]
        words = gettext_lazy(
            "Choose from the sample, or write a JSON pointer. What is left empty is not read."
        )
        return [
            told,
            (
                gettext_lazy("Where the facts stand"),
                {"description": words, "fields": [*names, "minor_units"]},
            ),
        ]

    def summary(self, obj: HookMapping) -> Sequence[Any]:
        if not obj.sample:
            needed = ", ".join(str(NAMES[name]) for name in FACTS[obj.means].needed)
            return [_("Needs: %(facts)s.") % {"facts": needed}] if needed else []
        try:
            sample = read_json(obj.sample.encode())
            if why := unmet(obj.only_if, sample):
                return [_("Of the sample nothing would be taken in."), why]
            facts, left_out = read_facts(
                obj.means, obj.pointers, sample, program=obj.source.program, minor_units=obj.minor_units,
                now=timezone.now(), hundredths=SCHEMES[obj.source.scheme].hundredths,
            )  # fmt: skip
        except ValidationError as error:
            return [_("The sample would be refused:"), *error.messages]
        told = "; ".join(f"{NAMES[name]}: {value}" for name, value in facts.items())
        means = Meaning(obj.means).label
        words = _("The sample means that %(what)s (%(facts)s).") % {"what": means, "facts": told}
        return [words, *(_("Left out: %s") % problem for problem in left_out)]


@admin.register(HookDelivery)
class HookDeliveryAdmin(StepsAdmin, FactsAdmin):
    about = gettext_lazy(
        "What connected systems told us, and what we did. What it sent is kept for 30 days, the rest for 90."
    )
    list_display = ("what_it_did", "state", "call", "source", "received", "repeats")
    list_display_links = ("what_it_did",)
    list_filter = ("verdict", "source", "says")
    list_select_related = ("source__program",)
    search_fields = ("=key",)
    search_help_text = gettext_lazy("Number of the call")
    ordering = ("-received_at", "-pk")
    fields = ("source_link", "key", "says", "result", "times", "received", "sent")
    readonly_fields = ("source_link", "received", "sent")
    steps = (
        Step(
            name="replay", label=gettext_lazy("Take in once more"), carry_out=replay,
            does=gettext_lazy("As if it came now. What has been done is not done twice."),
            fits=lambda row: not row.is_settled and bool(row.body),
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("source__program")

    def why_not(self, row: Any) -> str:
        if not row.body:
            return _("what call %(call)s sent has been deleted") % {"call": row.key}
        return _("call %(call)s is settled") % {"call": row.key}

    def summary(self, obj: HookDelivery) -> Sequence[Any]:
        return [self.state(obj), obj.result, *self._meaning(obj)]

    def _meaning(self, obj: HookDelivery) -> list[Any]:
        """Where to say what the call means, or to correct what was said."""
        if obj.verdict not in {Verdict.IGNORED, Verdict.REFUSED} or not obj.says:
            return []
        if known := obj.source.mappings.filter(says=obj.says).first():
            return [link_to(known, _("See what “%(word)s” means") % {"word": obj.says})]
        url = f"{reverse('admin:referrals_hookmapping_add')}?call={obj.pk}"
        words = _("Say what “%(word)s” means, with this call as the sample") % {"word": obj.says}
        return [format_html('<a href="{}">{}</a>', url, words)]

    @admin.display(description=gettext_lazy("call"))
    def call(self, row: HookDelivery) -> Any:
        """What it says, with the beginning of its number: whole numbers are as long as a line."""
        short = row.key if len(row.key) <= SHORT else f"{row.key[:SHORT]}…"
        return format_html(
            '<span title="{}">{} <small class="quiet">{}</small></span>', row.key, row.says or "–", short
        )

    @admin.display(description=gettext_lazy("in words"), ordering="result")
    def what_it_did(self, row: HookDelivery) -> str:
        return row.result or str(row.get_verdict_display())

    @admin.display(description=gettext_lazy("times"), ordering="times")
    def repeats(self, row: HookDelivery) -> int:
        return row.times

    @admin.display(description=gettext_lazy("connected system"))
    def source_link(self, row: HookDelivery) -> Any:
        return link_to(row.source)

    @admin.display(description=gettext_lazy("what became of it"), ordering="verdict")
    def state(self, row: HookDelivery) -> Any:
        return status_word(TONES[Verdict(row.verdict)], row.get_verdict_display())

    @admin.display(description=gettext_lazy("received"), ordering="received_at")
    def received(self, row: HookDelivery) -> Any:
        return moment(row.received_at, row.source.program.zone)

    @admin.display(description=gettext_lazy("what it sent"))
    def sent(self, row: HookDelivery) -> Any:
        if not row.body:
            return _("deleted after 30 days")
        return format_html("<pre>{}</pre>", _indented(json.loads(row.body)))


def _sample(call: HookDelivery) -> str:
    # It is kept as long as the meaning; whoever is in the call is forgotten after a month.
    return _indented(sample_of(json.loads(call.body))) if call.body else ""


def _indented(payload: Any) -> str:
    return json.dumps(payload, indent=2, ensure_ascii=False)
