"""What operators run, not servers: commands of `flask`, and migrations."""
