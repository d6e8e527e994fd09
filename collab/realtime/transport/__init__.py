"""Sockets and streams as bytes: who waits, who writes, how much and how long."""
