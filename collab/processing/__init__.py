"""Profiling, filtering, grouping and sorting tables."""
