"""Every address of the product. What customers see is in campaigns/urls.py."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from config.api import urls as api_urls
from referrals.hooks.door import take_hook

admin.autodiscover()
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", include("campaigns.urls")),
    path("account/", include("campaigns.account_urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", api_urls),
    path("hooks/<slug:source>/", take_hook, name="hook"),
]

handler500 = "campaigns.views.errors.server_error"
# Also what the sign-in pages answer when somebody tries too often.
handler429 = "campaigns.views.errors.too_many_requests"
