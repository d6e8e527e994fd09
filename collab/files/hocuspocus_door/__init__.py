"""Texts over the protocol of Hocuspocus: several on one socket, each with its own token."""
