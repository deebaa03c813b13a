from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class ProjectConfig(AppConfig):
    """Gives Django the project's own commands."""

    name = "config"

    def ready(self) -> None:
        from config.catalogues import compile_ours  # reads templates, for which the apps must be there

        compile_ours()


class AdminConfig(DjangoAdminConfig):
    default_site = "config.admin.AdminSite"
