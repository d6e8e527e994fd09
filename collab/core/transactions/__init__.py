"""Transactions: whose turn it is to write, and what is done after a commit."""
