"""The name of a queue entry."""

#: The task that Procrastinate calls in a worker, with the job's id.
TASK_NAME = "collab.job"


def lock_name(job_id: int) -> str:
    """Return the name under which a job waits at most once."""
    return f"job:{job_id}"
