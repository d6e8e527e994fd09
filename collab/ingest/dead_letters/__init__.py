"""Dead letters: events that a stage rejected, with their bytes as they were sent.

People list and inspect them, correct them, and replay or discard them; what was received never
changes, and a replay that is requested twice happens once.
"""
