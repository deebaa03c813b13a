from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = _("Messages")

    def ready(self) -> None:
        # They connect on import, once models are loaded.
        from campaigns import factors, receivers, sessions  # noqa: F401
        from campaigns.services import suppression_list  # noqa: F401
