"""The routes: registering, health, and the tasks."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet
from rest_framework_simplejwt.tokens import AccessToken

from .models import Task


class Newest(CursorPagination):
    """Pages by keyset, the newest first."""

    page_size = 20
    page_size_query_param = "limit"
    ordering = "-id"


class TaskSerializer(serializers.ModelSerializer):
    """All of a task."""

    class Meta:
        """Every field; the owner is who makes it."""

        model = Task
        fields = "__all__"
        read_only_fields = ("owner",)


class Tasks(ModelViewSet):
    """A user's own tasks; an admin's, everybody's."""

    serializer_class = TaskSerializer
    pagination_class = Newest

    def get_queryset(self) -> Any:
        """Return whose tasks may be seen."""
        tasks = Task.objects.all()
        if not self.request.user.is_staff:
            tasks = tasks.filter(owner=self.request.user)
        status = self.request.query_params.get("status")
        return tasks.filter(status=status) if status else tasks

    def perform_create(self, serializer: Any) -> None:
        """Note who makes it."""
        serializer.save(owner=self.request.user)


@api_view(["POST"])
@permission_classes([AllowAny])
def register(request: Request) -> Response:
    """Create an account and sign in."""
    email = request.data["email"]
    user = User.objects.create(username=email, email=email)
    token = str(AccessToken.for_user(user))
    return Response({"user": {"id": user.pk}, "access_token": token}, 201)


@api_view(["GET"])
@permission_classes([AllowAny])
def health(request: Request) -> Response:
    """Tell that it answers."""
    return Response({"status": "ok"})
