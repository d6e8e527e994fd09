"""When and where jobs run: claiming, leases, endings."""
