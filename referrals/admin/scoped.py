"""The base of every admin class: whose rows, which rights, how many a page."""

import json
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.admin.widgets import AdminSplitDateTime, RelatedFieldWidgetWrapper
from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import DataError
from django.db.models import TextField
from django.forms import BaseInlineFormSet, CharField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin

from referrals.admin.cells import colleague
from referrals.contacts import refuse_unseen
from referrals.models import Program
from referrals.models.translated import Translated, changes_between
from referrals.roles import callers_in, grants, programs_granting, roles_of


class Panel(NamedTuple):
    """A table on a row's page: the newest of what belongs to it."""

    title: Any
    headers: Sequence[Any]
    rows: Sequence[Sequence[Any]]
    empty: Any = ""
    more_url: str = ""
    more: Any = _("all")


class Rights:
    """What a person may do here: their groups open the page, their role in the row's program opens the row."""

    model: Any
    opts: Any
    admin_site: Any
    # The fields that say who calls: they offer only colleagues who can.
    caller_fields: ClassVar[tuple[str, ...]] = ()

    def program_ids(self, obj: Any) -> set[int]:
        """The programs that a row belongs to."""
        if isinstance(obj, Program):
            return {obj.pk}
        *path, last = type(obj).objects.all().program_path.split("__")
        for name in path:
            obj = getattr(obj, name)
        found = getattr(obj, f"{last}_id")
        return {found} if found else set()

    def may(self, request: HttpRequest, verb: str, obj: Any = None) -> bool:
        """Whether this person may view, add, change or delete: anything at all, or this row."""
        user: Any = request.user
        codename = get_permission_codename(verb, self.opts)
        if not user.has_perm(f"{self.opts.app_label}.{codename}"):
            return False
        if user.is_superuser:
            return True
        roles = roles_of(user)
        programs = roles if obj is None or obj.pk is None else self.owner_of(obj).program_ids(obj)
        return any(grants(roles[pk], verb, self.model) for pk in programs if pk in roles)

    def owner_of(self, obj: Any) -> "Rights":
        """The admin class that knows the row's programs; for an inline, its parent's."""
        return self.admin_site._registry.get(type(obj), self)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "view", obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "add", obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "delete", obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.caller_fields:
            kwargs["queryset"] = self._callers(db_field.name, request)
        kwargs.setdefault("queryset", self.choices_of(db_field.remote_field.model, request))
        if db_field.remote_field.model is Program and not db_field.blank:
            # Whoever has one program need not say which.
            only = kwargs["queryset"][:2]
            kwargs["initial"] = only[0].pk if len(only) == 1 else None
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
        if field and db_field.remote_field.model is User:
            field.label_from_instance = colleague
        return field

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if isinstance(field, CharField):
            # What staff write stands on pages and in the headers of mail.
            field.validators.append(partial(refuse_unseen, lines=isinstance(db_field, TextField)))
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            # Four small icons beside each choice: one goes to the other's own page instead.
            field.widget = field.widget.widget
        if field and isinstance(field.widget, AdminSplitDateTime):
            # One label cannot name two boxes.
            for widget, name in zip(field.widget.widgets, (_("Date"), _("Time")), strict=True):
                widget.attrs["aria-label"] = name
        return field

    def calling_programs(self, request: HttpRequest) -> Any:
        """The programs for which this page says who calls: those of the asker."""
        return Program.objects.for_staff(asker(request))

    def rows_of_page(self, pk: str) -> Any:
        """What the page at hand edits."""
        return self.model._default_manager.filter(pk=pk)

    def _callers(self, name: str, request: HttpRequest) -> Any:
        """Who can call; and who stands there now, so that saving something else does not take them out."""
        people = callers_in(self.calling_programs(request))
        match = request.resolver_match
        if match and (pk := match.kwargs.get("object_id")):
            kept = self.rows_of_page(pk).exclude(**{name: None}).values(name)
            people = people | User.objects.filter(pk__in=kept).order_by("username")
        return people

    def choices_of(self, model: Any, request: HttpRequest) -> Any:
        """The rows that a field of this page may point at: never another program's."""
        if model is Program:
            both = programs_granting(asker(request), "add", self.model)
            return both | programs_granting(asker(request), "change", self.model)
        if model is User:
            return staff_of(asker(request))
        other = self.admin_site._registry.get(model)
        return other.get_queryset(request) if other else model._default_manager.none()


class NamedFormSet(BaseInlineFormSet):
    """Says what its boxes are for; in a table the heading of the column is not a label."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        for field in form.fields.values():
            field.widget.attrs["aria-label"] = field.label or ""


class ScopedInline(Rights, admin.TabularInline):
    formset = NamedFormSet
    extra = 0
    show_change_link = False


class CardInline(Rights, admin.StackedInline):
    """Rows with too many fields for a table: a card each."""

    formset = NamedFormSet
    extra = 0
    show_change_link = False

    class Media:
        css: ClassVar[Any] = {"all": ["css/admin_cards.css"]}


class ScopedAdmin(Rights, admin.ModelAdmin):
    """Rows of one's own programs only; what is not yours does not exist."""

    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    empty_value_display = ""
    # Opens the page with a sentence on what it is for.
    about: ClassVar[Any] = ""
    # Which kind of file fills this list, where one does; an empty list says so.
    brought_in_as: ClassVar[str] = ""
    # What fills this list, said while it is empty.
    when_empty: ClassVar[Any] = ""
    # What to do next on a new row's own page, which opens then; empty: the list does.
    when_added: ClassVar[Any] = ""

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).for_staff(asker(request))  # type: ignore[attr-defined]

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        one = not asker(request).is_superuser and len(roles_of(asker(request))) == 1
        return [name for name in shown if name != "program"] if one else shown

    def panels(self, request: HttpRequest, obj: Any) -> Iterable[Panel]:
        """Tables beneath the facts of a row."""
        return []

    def summary(self, obj: Any) -> Sequence[Any]:
        """What these settings do, in sentences; stands above the form."""
        return []

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        try:
            return super().changelist_view(request, {"about": self.about} | (extra_context or {}))
        except (OverflowError, DataError):
            # A number beyond all rows; Django answers other filters that make no sense like this.
            return HttpResponseRedirect(f"{request.path}?e=1")

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        obj = self.get_object(request, object_id) if object_id else None
        shown = {
            "about": self.about, "saves": self.saves, "keeps_versions": self.keeps_versions,
            "show_save_and_add_another": False,
        }  # fmt: skip
        if obj:
            shown |= {
                "panels": list(self.panels(request, obj)),
                "summary": self.summary(obj),
                "title": str(obj),
            }
            shown |= self.more_context(request, obj)
        return super().changeform_view(request, object_id, form_url, shown | (extra_context or {}))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        saved = [form.instance, *(part.instance for formset in formsets for part in formset.forms)]
        outdated = {code for row in saved if isinstance(row, Translated) for code in row.outdated()}
        if outdated:
            names = ", ".join(name for code, name in settings.LANGUAGES if code in outdated)
            words = _("These words were translated before, into %(languages)s. Until somebody looks at that, what "
                      "you wrote is shown there too.")  # fmt: skip
            link = format_html(
                '<a href="{}">{}</a>', reverse("admin:other-languages"), _("In other languages")
            )
            messages.warning(request, format_html("{} {}", words % {"languages": names}, link))

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        if not self.when_added:
            return super().response_add(request, obj, post_url_continue)
        messages.success(request, self.when_added)
        page = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(page, args=[obj.pk]))

    # A page of facts has no form to save; few models keep earlier versions.
    saves = True
    keeps_versions = False

    def more_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {}

    def name_in_log(self, obj: Any) -> str:
        """How the log calls a row. It outlives people who ask to be forgotten, so it does not name them."""
        return f"{self.opts.verbose_name} {obj.pk}"

    def write_log(self, request: HttpRequest, flag: int, rows: Iterable[Any], message: Any) -> Any:
        """Say in the log who did what to these rows."""
        kind = ContentType.objects.get_for_model(self.model, for_concrete_model=False)
        entries = [
            LogEntry(
                user_id=asker(request).pk,
                content_type=kind,
                object_id=row.pk,
                object_repr=self.name_in_log(row)[:200],
                action_flag=flag,
                change_message=message if isinstance(message, str) else json.dumps(message),
            )
            for row in rows
        ]
        return LogEntry.objects.bulk_create(entries, batch_size=200)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return self.write_log(request, ADDITION, [obj], message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return self.write_log(request, CHANGE, [obj], message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return self.write_log(request, DELETION, queryset, "")

    def _get_obj_does_not_exist_redirect(self, *args: Any) -> HttpResponse:
        # Django would go to the index with a message; we say the same as for any address that is none.
        raise Http404


class FactsAdmin(ScopedAdmin):
    """Rows that are not edited in a form: they are read, and moved by steps."""

    saves = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class HistoryAdmin(ScopedAdmin, SimpleHistoryAdmin):
    """Settings whose earlier versions are kept: who changed what, and when."""

    keeps_versions = True

    def name_in_log(self, obj: Any) -> str:
        return str(obj)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        if not self.get_object(request, object_id):
            raise Http404
        return super().history_view(request, object_id, extra_context)

    def set_history_delta_changes(self, request: HttpRequest, records: Sequence[Any], **kwargs: Any) -> None:
        super().set_history_delta_changes(request, records, **kwargs)
        for newer, older in pairwise(records if issubclass(self.model, Translated) else ()):
            newer.history_delta_changes += [
                {
                    "field": f"{self.model._meta.get_field(field).verbose_name} ({language})",
                    "old": old,
                    "new": new,
                }
                for language, field, old, new in changes_between(older.translations, newer.translations)
            ]

    def history_form_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # The list says what changed; going back is editing, through the form that checks.
        raise Http404

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


def asker(request: HttpRequest) -> Any:
    """The staff member at this page; the site lets nobody else in."""
    return request.user


def staff_of(user: Any) -> Any:
    """The colleagues whom this person may name: staff of the same programs."""
    staff = User.objects.filter(is_staff=True, is_active=True).order_by("username")
    if user.is_superuser:
        return staff
    return staff.filter(memberships__program__in=list(roles_of(user))).distinct()


class ProgramFilter(admin.SimpleListFilter):
    """By program, for whoever has more than one."""

    title = _("program")
    parameter_name = "program"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        programs = Program.objects.for_staff(asker(request)).values_list("pk", "name")
        return [(str(pk), name) for pk, name in programs] if len(programs) > 1 else []

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not (self.value() or "").isdecimal():
            return queryset
        return queryset.filter(**{f"{queryset.program_path}": self.value()})


class OwnerFilter(admin.SimpleListFilter):
    """By the colleague who calls."""

    title = _("who calls")
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        people = [(str(user.pk), colleague(user)) for user in staff_of(asker(request))]
        return [("me", _("me")), ("none", _("nobody")), *people]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case None:
                return queryset
            case "none":
                return queryset.filter(owner=None)
            case "me":
                return queryset.filter(owner=request.user)
            case pk if pk.isdecimal():
                return queryset.filter(owner_id=pk)
        return queryset.none()
