"""The log over HTTP: pages, long polls, server-sent events."""
