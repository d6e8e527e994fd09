"""A task and its owner."""

from django.conf import settings
from django.db import models


class Task(models.Model):
    """Something to be done."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="assigned"
    )
    title = models.CharField(max_length=200)
    description = models.TextField(default="")
    status = models.CharField(max_length=10, default="todo")
    priority = models.CharField(max_length=10, default="normal")
    due_at = models.DateTimeField(null=True)
    tags = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        """What lists walk along."""

        indexes = [
            models.Index(fields=["owner", "-id"]),
            models.Index(fields=["owner", "status", "-id"]),
        ]
