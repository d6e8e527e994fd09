"""Dead letters: events that a stage rejected, with their bytes as they were sent.

They are listed and inspected, corrected, and replayed or discarded; what was received never
changes, and a replay that is asked for twice happens once.
"""
