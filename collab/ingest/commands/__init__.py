"""What the commands `ingest-demo`, `ingest-import` and `ingest-sql` do (`collab/cli.py`)."""
