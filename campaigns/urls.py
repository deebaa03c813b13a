from django.urls import path

from campaigns.views import brand, friend, health, portal, preferences, programs, receipt, refer, share

urlpatterns = [
    path("healthz/", health.healthz, name="healthz"),
    path("readyz/", health.readyz, name="readyz"),
    path("", programs.show_home, name="home"),
    path("p/<slug:slug>/", programs.show_program, name="program"),
    path("p/<slug:slug>/brand.css", brand.show_brand, name="brand-css"),
    path("p/<slug:slug>/refer/", refer.refer, name="refer"),
    path("p/<slug:slug>/refer/sent/", refer.show_held, name="refer-sent"),
    path("p/<slug:slug>/confirm/<slug:token>/", refer.confirm, name="confirm"),
    path("a/<slug:token>/", refer.refer_personal, name="refer-personal"),
    path("a/<slug:token>/sent/", receipt.show_receipt, name="receipt-personal"),
    path("r/<slug:code>/", share.show_share, name="share"),
    path("r/<slug:code>/seen/", share.confirm_seen, name="share-seen"),
    path("r/<slug:code>/qr.svg", share.show_qr, name="share-qr"),
    path("r/<slug:code>/join/", share.join, name="join"),
    path("r/<slug:code>/join/sent/", share.show_joined, name="joined"),
    path("f/<slug:token>/", friend.show_invitation, name="invitation"),
    path("me/", portal.show_portal, name="portal"),
    path("me/settings/", portal.change_settings, name="portal-settings"),
    path("u/<slug:token>/", preferences.show_preferences, name="preferences"),
]
