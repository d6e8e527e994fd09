"""What people should know of: made from the event log by the rules of one table."""
