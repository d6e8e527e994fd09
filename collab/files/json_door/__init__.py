"""Texts over the JSON socket."""
