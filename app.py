"""Collab's front door: `python app.py` serves it, `flask --app app` finds it."""

import sys

from collab import create_app
from collab.config import ConfigError
from collab.server import main

try:
    app = create_app()
except ConfigError as error:
    sys.exit(f"collab: {error}")

if __name__ == "__main__":
    main(app)
