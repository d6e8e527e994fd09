"""Files of a workspace: text that is edited together, live; and bytes."""

from ..projects.access import register_topic
from .models import File

register_topic("file", File)
