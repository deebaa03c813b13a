from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class ProjectConfig(AppConfig):
    """Gives Django the project's own commands."""

    name = "config"


class AdminConfig(DjangoAdminConfig):
    default_site = "config.admin.AdminSite"
