"""Amazon reports by its notification service, which wants to be told once that it may."""

import re
from typing import Any
from urllib.parse import urlsplit

import httpx
from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
from anymail.webhooks.base import AnymailBaseWebhookView

AMAZON = re.compile(r"sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?")
SECONDS = 10


class SesReports(AmazonSESTrackingWebhookView):
    """django-anymail's reader of these reports, without Amazon's own package, which is larger than the product."""

    def __init__(self, **kwargs: Any) -> None:
        self.auto_confirm_enabled = True
        # Not the class in between: it asks for that package.
        AnymailBaseWebhookView.__init__(self, **kwargs)

    def auto_confirm_sns_subscription(self, sns_message: dict[str, Any]) -> None:
        """Say yes to Amazon. Whoever asks has shown our secret already; all the same no other host is called."""
        address = str(sns_message.get("SubscribeURL", ""))
        parts = urlsplit(address)
        if parts.scheme != "https" or not AMAZON.fullmatch(parts.netloc):
            raise AnymailWebhookValidationFailure("The address to confirm is not Amazon's.")
        try:
            httpx.get(address, timeout=SECONDS, follow_redirects=False).raise_for_status()
        except httpx.HTTPError as error:
            # Amazon asks again.
            raise AnymailWebhookValidationFailure("Amazon did not hear the confirmation.") from error
