from django.urls import path

from campaigns.views import brand

urlpatterns = [
    path("p/<slug:slug>/brand.css", brand.show_brand, name="brand-css"),
]
