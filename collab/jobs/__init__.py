"""Jobs: work that is kept as rows and run by a pool of threads, whatever happens in between."""

from ..projects.access import register_topic
from .models import Job

register_topic("job", Job)
