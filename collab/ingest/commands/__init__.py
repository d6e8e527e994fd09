"""What the commands `ingest-demo`, `ingest-import` and `ingest-sql` do (`collab/commands.py`)."""
