"""Counting: windows of time and networks, for limits; and numbers for Prometheus."""
