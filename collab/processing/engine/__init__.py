"""What computes, on its own: it knows neither Flask nor the rest of this project.

It runs in a process of its own (see `handler`), where importing less means starting sooner.
"""
