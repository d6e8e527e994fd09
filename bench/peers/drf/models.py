"""Sessions, projects with their members, tasks, and the log of events."""

from django.conf import settings
from django.db import models


class Session(models.Model):
    """A log-in that tokens name."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    ended_at = models.DateTimeField(null=True)


class Project(models.Model):
    """A project."""

    name = models.CharField(max_length=100)
    description = models.TextField(default="", blank=True)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)


class Member(models.Model):
    """A person's role in a project."""

    project = models.ForeignKey(Project, models.CASCADE, db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, db_index=False)
    role = models.CharField(max_length=20)

    class Meta:
        """One role for each person; a person's projects in order."""

        constraints = [models.UniqueConstraint(fields=["project", "user"], name="one_role")]
        indexes = [models.Index(fields=["user", "project"])]


class Task(models.Model):
    """Something to be done in a project."""

    project = models.ForeignKey(Project, models.CASCADE, db_index=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, db_index=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="assigned",
        db_index=False,
    )
    title = models.CharField(max_length=200)
    description = models.TextField(default="", blank=True)
    status = models.CharField(max_length=10, default="todo")
    priority = models.CharField(max_length=10, default="normal")
    due_at = models.DateTimeField(null=True)
    due_zone = models.CharField(max_length=40, default="UTC")
    tags = models.JSONField(default=list)
    position = models.CharField(max_length=12)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        """What lists walk along."""

        indexes = [
            models.Index(fields=["project", "-id"]),
            models.Index(fields=["project", "status", "position"]),
        ]


class Event(models.Model):
    """An event of the log."""

    topic = models.CharField(max_length=40)
    type = models.CharField(max_length=40)
    actor = models.IntegerField()
    data = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """What a reader of a topic walks along."""

        indexes = [models.Index(fields=["topic", "id"])]
