from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from campaigns.doors import count_unknown, private_page
from campaigns.services.voice import WITH_VOICE
from campaigns.services.words import share_words
from campaigns.sharing import share_link, ways_to_share
from referrals.hours import call_by
from referrals.models import Channel, Enrolment, Referral


@require_safe
@private_page
@count_unknown
def show_receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Whom the advocate named last, what happens next and by when, and the link to share."""
    places = Enrolment.objects.for_page().select_related(*WITH_VOICE)
    enrolment = get_object_or_404(places.live(), token=token)
    program = enrolment.program
    # Who came by the link has told us, not the advocate, how to be reached.
    latest = list(
        enrolment.referrals.filter(source=Referral.Source.FORM).order_by("-submitted_at", "-pk")[:10]
    )
    named = [referral for referral in latest if referral.submitted_at == latest[0].submitted_at]
    channels = list(Channel.objects.filter(program=program, active=True))
    page = {
        "program": program,
        "enrolment": enrolment,
        "named": named[::-1],
        "call_by": call_by(program, named[0].submitted_at) if named else None,
        "link": share_link(enrolment),
        "ways": ways_to_share(enrolment, channels, share_words(enrolment)),
    }
    return render(request, "campaigns/receipt.html", page)
