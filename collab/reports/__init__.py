"""A project's report as one HTML file."""
