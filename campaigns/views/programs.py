from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from campaigns.models import testimonials_on
from campaigns.offers import Side, offers_of
from referrals.models import Program


@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    """The live programs; with exactly one, its page."""
    programs = list(Program.objects.live().select_related("profile")[:50])
    if len(programs) == 1:
        return _page(request, programs[0])
    return render(request, "campaigns/home.html", {"programs": programs})


@require_safe
def show_program(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, get_object_or_404(Program.objects.live().select_related("profile"), slug=slug))


def _page(request: HttpRequest, program: Program) -> HttpResponse:
    offers = offers_of(program, read_by=Side.ADVOCATE, now=timezone.now())
    page = {
        "program": program,
        "offers": offers,
        "testimonials": testimonials_on(program.pk, get_language() or ""),
    }
    return render(request, "campaigns/program.html", page)
