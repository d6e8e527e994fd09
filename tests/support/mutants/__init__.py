"""Mutation testing: the code is changed a little, and some test has to fail (docs/mutations.md)."""
