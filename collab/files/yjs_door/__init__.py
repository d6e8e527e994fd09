"""Texts over the protocol of y-websocket."""
