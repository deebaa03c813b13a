"""For a friend without a link: who told you about us?"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.doors import limit_forms, private_page
from campaigns.services.joining import take_in
from referrals.forms import JoinForm
from referrals.hours import call_by
from referrals.models import Program
from referrals.visitors import client_of


@require_http_methods(["GET", "HEAD", "POST"])
@private_page
@limit_forms
def join_by_name(request: HttpRequest, slug: str) -> HttpResponse:
    """The friend leaves details and says who told them. The answer is the same whomever they name."""
    program = get_object_or_404(Program.objects.live().select_related("owner"), slug=slug)
    form = JoinForm(request.POST or None, program=program)
    now = timezone.now()
    if request.method == "POST" and form.is_valid():
        agreement = str(form.fields["agreed"].label)
        take_in(program, form.friend(), agreement=agreement, client=client_of(request, now), now=now)
        return redirect("joined-by-name", slug)
    page = {"program": program, "form": form, "call_by": call_by(program, now)}
    return render(request, "campaigns/join.html", page)


@require_safe
@private_page
def show_joined_by_name(request: HttpRequest, slug: str) -> HttpResponse:
    program = get_object_or_404(Program.objects.live(), slug=slug)
    return render(
        request, "campaigns/joined.html", {"program": program, "call_by": call_by(program, timezone.now())}
    )
