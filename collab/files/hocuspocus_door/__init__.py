"""Texts over the protocol of Hocuspocus: several on one socket, each with a token of its own."""
