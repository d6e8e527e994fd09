"""What an entry of the queue is called."""

#: What Procrastinate calls in a worker, with the job's id.
TASK_NAME = "collab.job"


def lock_name(job_id: int) -> str:
    """Return the name under which a job waits once at most."""
    return f"job:{job_id}"
