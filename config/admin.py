from django.contrib import admin
from django.utils.translation import gettext_lazy as _


class AdminSite(admin.AdminSite):
    """The back office."""

    site_header = site_title = "Goodword"
    index_title = _("Your desk")
