"""The whole run, `python -m bench`: what was measured, what was aimed at, and the page of both."""
