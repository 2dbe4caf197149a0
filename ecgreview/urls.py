"""Root URL configuration."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("annotations.urls")),
    path("api/", include("annotations.api.urls")),
    path("admin/", admin.site.urls),
]
