from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from referrals.hooks.schemes import Arrived
from referrals.models import HookSource
from referrals.services.hook import LONGEST, Said, take_call


@csrf_exempt
@require_POST
def take_hook(request: HttpRequest, source: str) -> HttpResponse:
    """The address that another system calls. What it calls is signed, so it needs no cookie and no token."""
    found = HookSource.objects.select_related("program").filter(slug=source, active=True).first()
    if found is None:
        return _answer(Said(404, "No system is connected here."))
    try:
        length = int(request.headers.get("content-length", ""))
    except ValueError:
        return _answer(Said(411, "Say in the header Content-Length how many bytes the body has."))
    if length > LONGEST:
        return _answer(Said(413, f"At most {LONGEST:,} bytes are read, and this has {length:,}."))
    # Django's own limit is that of forms.
    headers = {name.lower(): value for name, value in request.headers.items()}
    call = Arrived(headers, request.get_full_path(), request.read(length), timezone.now())
    return _answer(take_call(found, call))


def _answer(said: Said) -> JsonResponse:
    body: dict[str, Any] = {"status": said.status, "detail": said.words}
    kind = "application/json" if said.status < 400 else "application/problem+json"
    return JsonResponse(body, status=said.status, content_type=kind)
