"""The routes: registering, health, projects and tasks."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.mixins import CreateModelMixin, ListModelMixin, RetrieveModelMixin
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet
from rest_framework_simplejwt.tokens import AccessToken

from .models import Event, Member, Project, Session, Task


class Newest(CursorPagination):
    """Pages by keyset, newest first."""

    page_size = 20
    page_size_query_param = "limit"
    ordering = "-id"


class InOrder(Newest):
    """A person's projects, in the order in which they were made."""

    ordering = "project_id"


class MembershipSerializer(serializers.ModelSerializer):
    """A project as its member sees it."""

    id = serializers.IntegerField(source="project.id", read_only=True)
    name = serializers.CharField(source="project.name", max_length=100)
    description = serializers.CharField(source="project.description", required=False, default="")
    created_at = serializers.DateTimeField(source="project.created_at", read_only=True)
    updated_at = serializers.DateTimeField(source="project.updated_at", read_only=True)

    class Meta:
        """With the caller's role."""

        model = Member
        fields = ("id", "name", "description", "role", "created_at", "updated_at")
        read_only_fields = ("role",)


class TaskSerializer(serializers.ModelSerializer):
    """All of a task."""

    project_id = serializers.IntegerField()
    owner_id = serializers.IntegerField(read_only=True)
    assignee_id = serializers.IntegerField(required=False, allow_null=True)

    class Meta:
        """The fields that ours shows."""

        model = Task
        fields = (
            "id",
            "project_id",
            "owner_id",
            "title",
            "description",
            "status",
            "priority",
            "assignee_id",
            "due_at",
            "due_zone",
            "tags",
            "position",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("position",)


def role_in(project_id: Any, user: Any) -> str:
    """Return the caller's role; 404 for a project that is none of theirs."""
    found = Member.objects.filter(project_id=project_id, user=user).values_list("role", flat=True)
    role = found.first()
    if role is None:
        raise NotFound
    return str(role)


def record(project_id: int, kind: str, actor: int, data: dict[str, Any]) -> None:
    """Add an event to the log."""
    Event.objects.create(topic=f"project:{project_id}", type=kind, actor=actor, data=data)


class Projects(CreateModelMixin, RetrieveModelMixin, ListModelMixin, GenericViewSet):
    """The caller's projects."""

    serializer_class = MembershipSerializer
    pagination_class = InOrder
    lookup_field = "project_id"
    lookup_url_kwarg = "pk"

    def get_queryset(self) -> Any:
        """Return the caller's memberships with their projects, in one query."""
        return Member.objects.filter(user=self.request.user).select_related("project")

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one with its tag, or 304."""
        member = self.get_object()
        headers = {"ETag": f'"{member.project.version}"'}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return Response(status=304, headers=headers)
        return Response(self.get_serializer(member).data, headers=headers)

    @transaction.atomic
    def perform_create(self, serializer: Any) -> None:
        """Make a project that the caller owns, with its two events."""
        user = self.request.user
        project = Project.objects.create(**serializer.validated_data["project"])
        serializer.instance = Member.objects.create(project=project, user=user, role="owner")
        made = {"project_id": project.pk, "name": project.name}
        record(project.pk, "project.created", user.pk, made)
        added = {"project_id": project.pk, "user_id": user.pk, "role": "owner"}
        record(project.pk, "member.added", user.pk, added)


class Tasks(CreateModelMixin, ListModelMixin, GenericViewSet):
    """The tasks of a project."""

    serializer_class = TaskSerializer
    pagination_class = Newest

    def get_queryset(self) -> Any:
        """Return a project's tasks, if it is one of the caller's."""
        project_id = self.request.query_params.get("project_id")
        role_in(project_id, self.request.user)
        return Task.objects.filter(project_id=project_id)

    @transaction.atomic
    def perform_create(self, serializer: Any) -> None:
        """Put it at the end of its column, with its event."""
        user, project_id = self.request.user, serializer.validated_data["project_id"]
        if role_in(project_id, user) == "viewer":
            raise PermissionDenied
        column = Task.objects.filter(project_id=project_id, status="todo")
        last = column.order_by("-position").values_list("position", flat=True).first()
        task = serializer.save(owner=user, position=f"{int(last or 0) + 1:012d}")
        told = {"task_id": task.pk, "title": task.title, "status": task.status}
        record(task.project_id, "task.created", user.pk, told)


@api_view(["POST"])
@permission_classes([AllowAny])
def register(request: Request) -> Response:
    """Create an account with a session and sign in."""
    email = request.data["email"]
    user = User.objects.create(username=email, email=email)
    token = AccessToken.for_user(user)
    token["sid"] = Session.objects.create(user=user).pk
    return Response({"user": {"id": user.pk}, "access_token": str(token)}, 201)


@api_view(["GET"])
@permission_classes([AllowAny])
def health(request: Request) -> Response:
    """Tell that it answers."""
    return Response({"status": "ok"})
