"""Workspaces: places in a project, with free settings."""

from ..projects.access import register_topic
from .models import Workspace

register_topic("workspace", Workspace)
