from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import AlertChoice
from referrals.admin.cells import colleague
from referrals.admin.scoped import ScopedAdmin, asker


@admin.register(AlertChoice)
class AlertChoiceAdmin(ScopedAdmin):
    about = gettext_lazy(
        "Which mails about calls you get. Nothing chosen yet: all of them. They come while your office is open."
    )
    list_display = ("person", "gets")
    list_display_links = ("person",)
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    ordering = ("user__username",)
    fields = ("user", *AlertChoice.PURPOSES)

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = admin.ModelAdmin.get_queryset(self, request)
        return rows if asker(request).is_superuser else rows.filter(user=request.user)

    def program_ids(self, obj: Any) -> set[int]:
        return set(obj.user.memberships.values_list("program_id", flat=True))

    def choices_of(self, model: Any, request: HttpRequest) -> Any:
        staff = User.objects.filter(is_staff=True, is_active=True)
        return staff if asker(request).is_superuser else staff.filter(pk=asker(request).pk)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"user": asker(request).pk}

    def name_in_log(self, obj: AlertChoice) -> str:
        return str(obj)

    @admin.display(description=gettext_lazy("person"), ordering="user__first_name")
    def person(self, choice: AlertChoice) -> str:
        return colleague(choice.user)

    @admin.display(description=gettext_lazy("gets a mail when"))
    def gets(self, choice: AlertChoice) -> str:
        return get_text_list(choice.wanted, _("and")) or _("nothing")
