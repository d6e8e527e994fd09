"""The pipeline's worker process: its program, and the server's part that watches it."""
