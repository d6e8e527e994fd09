"""Feature flags: what an admin switches on and off while the service runs."""
