"""Jobs on a server of PostgreSQL: Procrastinate tells workers in other processes that one waits.

What it has of a job is an entry with the job's id. The entry comes into being with the transaction
that makes the job wait, and goes with the one that claims it; when Procrastinate delivers it to a
worker, that looks for jobs, and claims those whose turn it is. All else is in our row: which worker
has the job, until when, how often it is tried. So an entry too many costs a look, and one that is
missing is made again (`mending.py`).
"""
