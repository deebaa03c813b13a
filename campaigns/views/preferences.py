from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from campaigns.doors import count_unknown, private_page
from campaigns.forms import PreferenceForm
from campaigns.models import ContactPreference, DigestSubscription, Message, Purpose, Suppression
from campaigns.services.preference import change_preferences
from campaigns.services.suppression import UNSTOPPABLE, take_back, unsubscribe
from campaigns.views.portal import advocate_of, signed_in
from referrals.models import Advocate, Program


# A mail program's own button posts here without cookies (RFC 8058), so no token of a form is asked for:
# the address itself is the secret, and it can do no more than this.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
@count_unknown
def show_preferences(request: HttpRequest, token: str) -> HttpResponse:
    """Asks whether to stop these messages, or to have less of them; a button does it, and so does a mail
    program's. Repeatable."""
    mailings = Message.objects.exclude(purpose__in=UNSTOPPABLE - {Purpose.DIGEST})
    message = get_object_or_404(mailings.select_related("program", "advocate"), token=token)
    do = request.POST.get("do", "stop") if request.method == "POST" else ""
    page = {"message": message, "program": message.program}
    with override(message.language):
        if do and do != "choose":
            _change(message, do)
        advocate = message.advocate if message.is_to_advocate else None
        if advocate:
            page |= _choices(request, advocate, message.program, message.language, chosen=do == "choose")
        # A language that was just chosen is the page's at once.
        with override(page.get("language", message.language)):
            page["stopped"] = _stopped(message)
            return render(request, f"campaigns/{_page(message)}.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@signed_in
def show_my_preferences(request: HttpRequest) -> HttpResponse:
    """The same choices for whoever is signed in."""
    advocate = advocate_of(request)
    place = advocate.enrolments.select_related("program").order_by("-joined_at").first()
    program = place.program if place else None
    chosen = request.method == "POST"
    page = _choices(request, advocate, program, program.language if program else "en", chosen=chosen)
    return render(request, "campaigns/my_preferences.html", page | {"program": program})


def _choices(
    request: HttpRequest, advocate: Advocate, program: Program | None, language: str, *, chosen: bool
) -> dict[str, Any]:
    """The form with what holds now; what was chosen is kept first, if it can be read."""
    now = timezone.now()

    def form(data: Any) -> PreferenceForm:
        preference = ContactPreference.objects.of(advocate)
        return PreferenceForm(data, preference=preference, advocate=advocate, language=language, now=now)

    typed = form(request.POST if chosen else None)
    if not chosen:
        return {"form": typed}
    if not typed.is_valid():
        return {"form": typed, "wrong": True}
    change_preferences(advocate, typed.choice, program=program, now=now)
    return {"form": form(None), "kept": True, "language": advocate.language}


def _change(message: Message, do: str) -> None:
    if message.purpose == Purpose.DIGEST:
        DigestSubscription.objects.filter(user=message.user_id).delete()
    elif do == "undo":
        take_back(message)
    else:
        unsubscribe(message, None if do == "stop_all" else message.program, now=timezone.now())


def _stopped(message: Message) -> Suppression | bool | None:
    """What stands against writing to this mailbox, the widest first; nothing, if it gets mail."""
    if message.purpose == Purpose.DIGEST:
        return not DigestSubscription.objects.filter(user=message.user_id).exists()
    found = Suppression.objects.covering(keys={message.to_key}, program_id=message.program_id)
    return found.exclude(reason=Suppression.Reason.DECLINED).order_by("program").first()


def _page(message: Message) -> str:
    return "preferences_digest" if message.purpose == Purpose.DIGEST else "preferences"
