"""What the provider of text messages tells us: answers of people, and what became of a text."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from campaigns.channels.twilio import NOBODY_THERE
from campaigns.services.replies import take_reply
from campaigns.services.reports import Fate, Report, take_report

View = Callable[[HttpRequest], HttpResponse]
FATES = {"delivered": Fate.DELIVERED, "undelivered": Fate.MISSED, "failed": Fate.MISSED}


def from_twilio(view: View) -> View:
    """Only what Twilio signed with our token; without one, there is nothing at this address."""

    # Twilio has no form of ours: its signature is the secret.
    @csrf_exempt
    @require_POST
    @wraps(view)
    def door(request: HttpRequest) -> HttpResponse:
        if not settings.SMS_TOKEN:
            raise Http404
        # Heavy, and few requests need it.
        from twilio.request_validator import RequestValidator

        signature = request.headers.get("X-Twilio-Signature", "")
        address = settings.BASE_URL + request.get_full_path()
        if not RequestValidator(settings.SMS_TOKEN).validate(address, request.POST, signature):
            return HttpResponse(status=403)
        return view(request)

    return door


@from_twilio
def take_text(request: HttpRequest) -> HttpResponse:
    """Somebody answered a text."""
    answer = take_reply(request.POST.get("From", ""), request.POST.get("Body", ""), now=timezone.now())
    says = format_html("<Message>{}</Message>", answer) if answer else ""
    return HttpResponse(format_html("<Response>{}</Response>", says), content_type="text/xml")


@from_twilio
def take_text_report(request: HttpRequest) -> HttpResponse:
    """What became of a text that Twilio took."""
    fate = FATES.get(request.POST.get("MessageStatus", ""))
    code = request.POST.get("ErrorCode", "")
    if fate is Fate.MISSED and code.isdecimal() and int(code) in NOBODY_THERE:
        fate = Fate.GONE
    if fate:
        now = timezone.now()
        names = frozenset({request.POST.get("MessageSid", "")})
        take_report(Report(names, fate, f"{code}" if code else "", now), now=now)
    return HttpResponse(status=204)
