"""Accounts, sessions and tokens: who somebody is."""
