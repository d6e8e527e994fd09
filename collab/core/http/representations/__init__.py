"""Representations of resources: parts of them that are sent, and members that are sent back."""
