"""What is read out of the store: events, numbers, sessions, funnels, cohorts, and its health.

Every function takes a plain connection to the store and reads a bounded number of rows, however
much is stored: by an index, by the roll-ups, or by leaps over the covering index.
"""
