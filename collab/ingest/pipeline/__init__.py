"""An event's way from the inbox to the store: pure functions, and plain SQLite around them.

Nothing in here imports Flask, SQLAlchemy or the rest of the service, so the worker process that
runs it takes 20 MB and starts in a tenth of a second. `stages.py` is the place to begin.
"""
