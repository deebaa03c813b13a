from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from campaigns.models import ReviewPlace
from referrals.admin.cells import person, status_word
from referrals.admin.scoped import ProgramFilter
from rewards.admin.setup import SetupAdmin


@admin.register(ReviewPlace)
class ReviewPlaceAdmin(SetupAdmin):
    about = gettext_lazy(
        "Where you would like to be reviewed. Customers who are asked for a review, or have just given a 9 or 10, "
        "get a page with these places, their own words to copy, and a button that says they have left one."
    )
    follows_scheme = False
    list_display = ("place", "state", "position", "program")
    list_display_links = ("place",)
    list_filter = (ProgramFilter, "is_active")
    list_select_related = ("program",)
    search_fields = ("name", "url")
    ordering = ("program", "position")
    fields = ("program", "name", "url", "words", "position", "is_active")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "url":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("place"), ordering="name")
    def place(self, place: ReviewPlace) -> Any:
        return person(place, place.url)

    @admin.display(description=gettext_lazy("state"), ordering="is_active")
    def state(self, place: ReviewPlace) -> Any:
        shown = place.is_active
        return status_word(
            "live" if shown else "ended", gettext_lazy("shown") if shown else gettext_lazy("hidden")
        )
