from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from referrals.models import Program


def house(request: HttpRequest) -> dict[str, Any]:
    """``program`` for pages that belong to none, such as the sign-in: the first live one lends its name and
    colour. Asks the database only when a page uses it."""
    return {"program": SimpleLazyObject(lambda: Program.objects.live().order_by("pk").first())}
