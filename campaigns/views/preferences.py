from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from campaigns.doors import count_unknown, private_page
from campaigns.models import DigestSubscription, Message, Purpose, Suppression
from campaigns.services.suppression import UNSTOPPABLE, suppress, take_back


# A mail program's own button posts here without cookies (RFC 8058), so no token of a form is asked for:
# the address itself is the secret, and it can do no more than this.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
@count_unknown
def show_preferences(request: HttpRequest, token: str) -> HttpResponse:
    """Asks whether to stop these mails; the button does it, and so does a mail program's. Repeatable."""
    mailings = Message.objects.exclude(purpose__in=UNSTOPPABLE - {Purpose.DIGEST})
    message = get_object_or_404(mailings.select_related("program"), token=token)
    if request.method == "POST":
        _change(message, request.POST.get("do", "stop"))
    page = {"message": message, "program": message.program, "stopped": _stopped(message)}
    with override(message.language):
        return render(request, f"campaigns/{_page(message)}.html", page)


def _change(message: Message, do: str) -> None:
    if message.purpose == Purpose.DIGEST:
        DigestSubscription.objects.filter(user=message.user_id).delete()
    elif do == "undo":
        take_back(message)
    else:
        program = None if do == "stop_all" else message.program
        suppress(message, program, Suppression.Reason.UNSUBSCRIBED, now=timezone.now())


def _stopped(message: Message) -> Suppression | bool | None:
    """What stands against writing to this mailbox, the widest first; nothing, if it gets mail."""
    if message.purpose == Purpose.DIGEST:
        return not DigestSubscription.objects.filter(user=message.user_id).exists()
    found = Suppression.objects.covering(keys={message.to_key}, program_id=message.program_id)
    return found.exclude(reason=Suppression.Reason.DECLINED).order_by("program").first()


def _page(message: Message) -> str:
    return "preferences_digest" if message.purpose == Purpose.DIGEST else "preferences"
