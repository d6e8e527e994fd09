"""What is read from the store: events, numbers, sessions, funnels, cohorts, and its health.

Every function takes a plain connection to the store and reads a bounded number of rows, however
much is stored: by an index, from the roll-ups, or by a skip scan of the covering index.
"""
