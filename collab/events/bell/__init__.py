"""The bell that a commit rings, in this process and, each kind in its own way, in others.

- `waking` wakes those who read the log in this process.
- `line` is what all ways to other processes have in common, `datagram` the one between those of one
  machine. Whoever has none reads the log once a second.
- `letters` are what goes across besides rings: signals, and who is present; the `exchange` writes
  and reads them.
"""
