"""The worker process of the pipeline: its program, and the server's part that watches it."""
