"""What a fixed list of requests takes: counts of statements, system calls, instructions."""
