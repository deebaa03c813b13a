"""What the pages for setting rewards up have in common."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from referrals.admin.cells import status_word
from referrals.admin.scoped import HistoryAdmin, asker
from referrals.models import Program
from referrals.roles import programs_granting
from rewards.models import Reward, RewardScheme
from rewards.services.reward import promise_waiting


class SetupAdmin(HistoryAdmin):
    """Settings of one program: they stay in it, and save nothing but what was changed."""

    # One by one: each removal says what hangs on it.
    actions = None
    follows_scheme = True

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        mine = list(programs_granting(asker(request), "add", self.model)[:2])
        first: dict[str, Any] = {"program": mine[0].pk} if len(mine) == 1 else {}
        return first | super().get_changeform_initial_data(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        settled = ("program",) if obj else ()
        return (*settled, *super().get_readonly_fields(request, obj))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            # Promises change stock and budgets while the form is open: only what was typed is written.
            obj._history_user = request.user
            columns = {field.name for field in obj._meta.concrete_fields}
            obj.save(update_fields=[name for name in form.changed_data if name in columns])
        else:
            super().save_model(request, obj, form, change)

    def why_keep(self, obj: Any) -> str:
        """Why this cannot be removed, and what to do instead; nothing if it can."""
        return ""

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj and self.has_delete_permission(request, obj) and (why := self.why_keep(obj)):
            messages.warning(request, why)
            return HttpResponseRedirect(self.page_of(obj))
        return super().delete_view(request, object_id, extra_context)

    def page_of(self, obj: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        lines = [self.about, *self.notices(Program.objects.for_staff(asker(request)))]
        about = format_html_join(" ", "{}", [(line,) for line in lines])
        return super().changelist_view(request, {"about": about} | (extra_context or {}))

    def more_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        context = super().more_context(request, obj)
        notices = self.notices(Program.objects.filter(pk=obj.program_id))
        return context | ({"summary": [*notices, *self.summary(obj)]} if notices else {})

    def notices(self, programs: Any) -> list[Any]:
        """Says of programs that give no rewards that nothing here takes effect in them."""
        if not self.follows_scheme:
            return []
        schemes = RewardScheme.objects.filter(program__in=programs, sides=RewardScheme.Sides.NONE)
        return [_without_rewards(scheme) for scheme in schemes.select_related("program")[:5]]


def _without_rewards(scheme: RewardScheme) -> Any:
    words = _("“%(program)s” gives no rewards, so none of this takes effect there.") % {
        "program": scheme.program
    }
    url = reverse("admin:rewards_rewardscheme_change", args=[scheme.pk])
    return format_html('{} <a href="{}">{}</a>', status_word("paused", words), url, _("Change its type"))


def labelled(label: Any, amount: Any) -> SafeString:
    """A cell of a list that says what it is where there is no room for headings."""
    return format_html('<small class="on-phone">{}</small> {}', label, amount)


def promise_what_waited(request: HttpRequest, program: Program, *, now: datetime | None = None) -> int:
    """There is more to give: promise it to whoever waits for it, and say to how many."""
    waiting = Reward.objects.filter(program=program, status=Reward.Status.WAITING)
    if not (before := waiting.count()):
        return 0
    promise_waiting(now=now or timezone.now())
    promised = before - waiting.count()
    if promised:
        said = ngettext(
            "%(count)d reward from the waiting list is promised now.",
            "%(count)d rewards from the waiting list are promised now.",
            promised,
        )
        messages.success(request, said % {"count": promised})
    return promised
