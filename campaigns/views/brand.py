from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from campaigns.brand import brand_css
from referrals.models import Program

# The colour stands in the address (``?c=``), so a changed colour is another address.
A_YEAR = 31_536_000
FIVE_MINUTES = 300


@require_safe
def show_brand(request: HttpRequest, slug: str) -> HttpResponse:
    colour = get_object_or_404(Program.objects.only("brand_color"), slug=slug).brand_color
    kept = f"max-age={A_YEAR}, immutable" if request.GET.get("c") == colour[1:] else f"max-age={FIVE_MINUTES}"
    etag = quote_etag(colour)
    page = HttpResponse(
        brand_css(colour),
        content_type="text/css; charset=utf-8",
        headers={"ETag": etag, "Cache-Control": f"public, {kept}"},
    )
    return get_conditional_response(request, etag, response=page) or page
