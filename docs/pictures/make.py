"""Take the pictures of the README: `python docs/pictures/make.py` (needs Chromium and Playwright).

It starts a server with the demo's people in a folder of its own, signs two of them in, and writes
each picture as PNG, in light and in dark, into its own folder. The names of pictures may be given.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SIZE = {"width": 1180, "height": 620}
#: A picture of few colours is as good with a palette, and a third as long.
COLOURS = 128
MAX_BYTES = 150_000
#: Milliseconds to wait for something that has to be seen.
PATIENCE = 20_000

#: Cards for the board, beside those that the demo has.
CARDS = (
    {"title": "Book the launch pad", "status": "done", "assignee": "me", "tags": ["moon"]},
    {"title": "Choose the landing site", "status": "done", "tags": ["moon"]},
    {"title": "Fuel for the way back", "status": "blocked", "priority": "urgent"},
    {"title": "Train for the moon walk", "status": "doing", "priority": "high", "assignee": "me"},
    {"title": "Say goodbye", "status": "todo", "tags": ["home"]},
)
#: Lines from the end of Bob's program to the one where the cursor then stands.
UP_TO_THE_CREW = 6
#: What Bob writes.
PROGRAM = '''"""Count down to the start."""

import time

CREW = ["Alice", "Bob"]

for second in range(3, 0, -1):
    print(f"{second} ...")
    time.sleep(0.2)
print("and lift-off of", " and ".join(CREW))
'''


@contextmanager
def served() -> Iterator[tuple[str, str]]:
    """Serve the demo in a process; yields its URL and its people's password."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        environ = os.environ | {"INSTANCE_PATH": folder, "LOG_LEVEL": "warning", "PORT": str(port)}
        command = [sys.executable, "app.py", "--demo"]
        server = subprocess.Popen(  # noqa: S603  (a program of our own)
            command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True
        )
        try:
            printed = ""
            for line in server.stdout:
                printed += line
                if "serves on" in line:
                    break
            yield url, printed.split("password ")[1].split()[0]
        finally:
            server.terminate()
            server.wait()


def post(url: str, path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
    """Send JSON to the API and return its answer."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    wanted = {name: text for name, text in headers.items() if token or name != "Authorization"}
    sent = json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/api/v1/{path}", sent, wanted)  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310  (a server of our own)
        answered: dict[str, Any] = json.load(answer)
    return answered


def add_cards(url: str, password: str) -> None:
    """Fill the board a little."""
    who = {"email": "alice@example.com", "password": password}
    signed = post(url, "auth/login", who)
    for card in CARDS:
        mine = {"assignee": signed["user"]["id"]} if "assignee" in card else {}
        post(url, "projects/1/tasks", card | mine, signed["access_token"])


def signed_in(browser: Browser, url: str, password: str, name: str, theme: str) -> Page:
    """Open a window in which one of the demo's people is signed in."""
    context = browser.new_context(
        base_url=url, viewport=SIZE, color_scheme=theme, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator(".frame").wait_for()
    return page


def board(alice: Page, bob: Page) -> None:
    """Show two people at the demo's board."""
    for page in (bob, alice):
        page.goto("/projects/1/board")
        page.get_by_text("Order the rocket").first.wait_for()


def editor(alice: Page, bob: Page) -> None:
    """Show two people in one program: Bob writes it, Alice has run it."""
    for page in (bob, alice):
        page.goto("/projects/1/files/2")
        page.locator(".pane[aria-busy=false], .pane:not([aria-busy])").first.wait_for()
        page.locator(".editor-input").click()
    bob.keyboard.press("ControlOrMeta+a")
    bob.keyboard.insert_text(PROGRAM)
    for key in ("ArrowUp",) * UP_TO_THE_CREW + ("End",):
        bob.keyboard.press(key)
    alice.locator(".editor-name").wait_for()
    alice.locator(".pane-state", has_text="Saved").wait_for()
    alice.get_by_role("button", name="Run").click()
    alice.locator(".run-output", has_text="lift-off").wait_for()


PICTURES: dict[str, Callable[[Page, Page], None]] = {"board": board, "editor": editor}


def write(name: str, theme: str, shot: bytes) -> None:
    """Keep a picture with a palette; raises where it is too long for a README."""
    path = HERE / f"{name}-{theme}.png"
    with Image.open(io.BytesIO(shot)) as image:
        small = image.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT)
    small.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}: {size} bytes")
    if size > MAX_BYTES:
        raise SystemExit(f"{path} is longer than {MAX_BYTES} bytes")


def main(wanted: list[str]) -> None:
    """Take the pictures."""
    with served() as (url, password), sync_playwright() as playwright:
        add_cards(url, password)
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        for theme in ("light", "dark"):
            people = [signed_in(browser, url, password, one, theme) for one in ("alice", "bob")]
            for name, arrange in PICTURES.items():
                if not wanted or name in wanted:
                    arrange(*people)
                    write(name, theme, people[0].screenshot())
            for page in people:
                page.context.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
