"""Collab's front door: `python app.py` serves it, `flask --app app` finds it."""

import gc
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036  (an older one gets as far as this)
    version = "{}.{}".format(*sys.version_info[:2])
    sys.exit(f"collab: needs Python 3.11 or newer, and {sys.executable} is {version}.")
if sys.platform == "win32":
    sys.exit("collab: needs Linux or macOS; on Windows it runs in WSL.")
gc.disable()  # what is made until the application is built stays: there is nothing to look for
try:
    from collab import create_app
    from collab.config import ConfigError
    from collab.server import main
    from collab.starting import count_together, read_env_file
except ModuleNotFoundError as missing:
    if (missing.name or "").startswith("collab"):
        raise
    sys.exit(
        f"collab: {missing.name} is not installed for {sys.executable}. Run `python3 -m venv .venv "
        "&& .venv/bin/pip install -r requirements.txt`, then `.venv/bin/python app.py`."
    )

try:
    read_env_file(Path(__file__).with_name(".env"))
    if __name__ == "__main__":
        count_together()
    app = create_app()
except ConfigError as error:
    sys.exit(f"collab: {error}")
gc.freeze()
gc.enable()

if __name__ == "__main__":
    main(app)
else:
    from collab.commands import before_flask_runs

    before_flask_runs(app)
