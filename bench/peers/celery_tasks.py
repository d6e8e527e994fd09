"""The Celery peer: a task that does nothing. Its settings come from the environment.

Events and rate limits, which only cost time here, are off.
"""

from __future__ import annotations

import os

from celery import Celery

#: Without a backend a producer subscribes to no results; the worker records them all the same.
app = Celery("peer", broker=os.environ["BROKER"], backend=os.environ.get("BACKEND"))
app.conf.update(
    worker_prefetch_multiplier=int(os.environ.get("PREFETCH", "4")),
    worker_disable_rate_limits=True,
    worker_send_task_events=False,
    task_send_sent_event=False,
    task_ignore_result=os.environ.get("IGNORE_RESULT") == "1",
    broker_connection_retry_on_startup=True,
)


@app.task(name="noop")
def noop() -> None:
    """Do nothing."""
