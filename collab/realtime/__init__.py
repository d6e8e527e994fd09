"""The live doors: the socket, server-sent events, long polls, and the events' REST face."""
