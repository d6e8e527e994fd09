"""The bell that a commit rings, in this process and, by one of several ways, in others.

- `waking` wakes those who read the log in this process.
- `line` is what all ways to other processes have in common, `datagram` the way between those of one
  machine. A process without one reads the log once a second.
- `letters` are sent across besides rings: signals, and who is present; the `exchange` writes and
  reads them.
"""
