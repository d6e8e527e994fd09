"""The part that computes, on its own: it knows neither Flask nor the rest of this project.

It runs in its own process (see `handler`), where importing less means starting sooner.
"""
