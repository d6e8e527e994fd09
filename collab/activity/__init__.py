"""The event log for people to read: feeds in sentences, and the admins' audit."""
