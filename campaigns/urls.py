from django.urls import path

from campaigns.views import brand, health, portal, preferences

urlpatterns = [
    path("healthz/", health.healthz, name="healthz"),
    path("readyz/", health.readyz, name="readyz"),
    path("me/", portal.show_portal, name="portal"),
    path("me/settings/", portal.change_settings, name="portal-settings"),
    path("u/<slug:token>/", preferences.show_preferences, name="preferences"),
    path("p/<slug:slug>/brand.css", brand.show_brand, name="brand-css"),
]
