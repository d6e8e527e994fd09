"""Where what is."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from . import views

router = SimpleRouter(trailing_slash=False)
router.register("tasks", views.Tasks, basename="task")
router.register("projects", views.Projects, basename="project")

urlpatterns = [
    path("health", views.health),
    path("api/v1/auth/register", views.register),
    path("api/v1/", include(router.urls)),
]
