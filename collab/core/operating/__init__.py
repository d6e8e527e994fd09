"""What operators run, and servers do not: commands of `flask`, and migrations."""
