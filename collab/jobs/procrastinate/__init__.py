"""Jobs on a PostgreSQL server: Procrastinate tells workers in other processes that one is waiting.

It stores only an entry with the job's id. The transaction that makes the job wait creates the
entry, and the one that claims it deletes it; when Procrastinate delivers it to a worker, the worker
looks for jobs, and claims those whose turn it is. Everything else is in our row: which worker has
the job, until when, how often it is tried. So an extra entry costs a look, and a missing one is
made again (`mending.py`).
"""
