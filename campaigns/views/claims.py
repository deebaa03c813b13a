"""“I recommended you to them”: what an advocate may say afterwards, from the portal."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from campaigns.doors import limit_forms
from campaigns.views.portal import advocate_of, signed_in
from referrals.claim_form import ClaimForm
from referrals.models import Enrolment
from referrals.services.claim import make_claim
from referrals.transitions import Refused


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@signed_in
@limit_forms
def claim(request: HttpRequest, slug: str) -> HttpResponse:
    """The form; its answer is the same whether we know the friend or not."""
    mine = Enrolment.objects.filter(advocate=advocate_of(request)).select_related("program", "advocate")
    enrolment = get_object_or_404(mine, program__slug=slug)
    now = timezone.now()
    today = enrolment.program.local(now).date()
    form = ClaimForm(
        request.POST or None, program=enrolment.program, advocate=enrolment.advocate, today=today
    )
    if request.method == "POST" and form.is_valid():
        try:
            make_claim(enrolment, **form.cleaned_data, now=now)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            # Where it stands now, below friends and what they are told of them.
            return redirect(f"{reverse('portal')}#told")
    return render(request, "campaigns/claim.html", {"program": enrolment.program, "form": form})
