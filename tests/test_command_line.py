"""`python app.py` before it serves: options, settings, and one sentence for what is wrong."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from collab import starting
from collab.config import ROOT, ConfigError
from collab.server import switched_off
from collab.starting import read_env_file

from .support.servers import run_forked
from .support.waiting import eventually

#: Is `flask --app app demo` in another folder, for whom importing the application takes no second.
FLASK_THERE = """
import os, runpy, sys

os.chdir({folder!r})
sys.argv = ["flask", "--app", "app", "demo"]
runpy.run_module("flask", run_name="__main__", alter_sys=True)
"""

#: What a process of our own gets of the environment: no developer's .env, unless a test has one.
ENVIRON = {name: text for name, text in os.environ.items() if name != "FLASK_SKIP_DOTENV"}


def run(*arguments, interpreter=(), **settings):
    """Run Python with these arguments to its end."""
    return subprocess.run(
        [sys.executable, *interpreter, *arguments],
        cwd=ROOT,
        env=ENVIRON | {"FLASK_SKIP_DOTENV": "1"} | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )


def says(ended, *words):
    """Check that a run ended with one sentence that has these words, and no traceback."""
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    for word in ("collab: ", *words):
        assert word in ended.stderr


@pytest.fixture
def checkout(tmp_path):
    """Return a folder with `app.py` in it, for a `.env` beside that."""
    shutil.copy(ROOT / "app.py", tmp_path)
    (tmp_path / "collab").symlink_to(ROOT / "collab")
    return tmp_path


class TestOptions:
    def test_help_tells_the_options_the_settings_and_the_other_commands(self, monkeypatch, capsys):
        monkeypatch.setattr(sys, "argv", ["app.py", "--help"])
        with pytest.raises(SystemExit):
            starting.parse_arguments(5000)
        printed = capsys.readouterr().out
        for word in ("--host", "--port", "--demo", "--open", ".env", "flask --app app --help"):
            assert word in printed

    @pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "5000.0", "٣"])
    def test_a_port_is_a_port(self, monkeypatch, capsys, text):
        monkeypatch.setattr(sys, "argv", ["app.py", f"--port={text}"])
        with pytest.raises(SystemExit):
            starting.parse_arguments(5000)
        assert "whole number from 1 to 65535" in capsys.readouterr().err

    def test_the_option_goes_before_the_setting(self, monkeypatch):
        monkeypatch.setattr(sys, "argv", ["app.py"])
        assert starting.parse_arguments(8000).port == 8000
        monkeypatch.setattr(sys, "argv", ["app.py", "--port", "9000"])
        assert starting.parse_arguments(8000).port == 9000

    def test_open_opens_the_page_once_it_can_be_asked_for(self, quiet, tmp_path):
        browser, opened = tmp_path / "browser", tmp_path / "opened"
        asks = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read())"
        browser.write_text(f'#!/bin/sh\n"{sys.executable}" -c "{asks}" "$1/health" > "{opened}"\n')
        browser.chmod(0o700)
        quiet("--open", BROWSER=f"{browser} %s")
        eventually(lambda: opened.exists() and "status" in opened.read_text())

    @pytest.mark.parametrize(
        ("host", "url"),
        [
            ("0.0.0.0", "http://127.0.0.1:5000"),
            ("::", "http://127.0.0.1:5000"),
            ("::1", "http://[::1]:5000"),
            ("box.example", "http://box.example:5000"),
        ],
    )
    def test_the_address_is_one_that_a_browser_takes(self, host, url):
        assert starting.address(host, 5000) == url


class TestWhatIsWrong:
    def test_a_bad_setting(self, tmp_path):
        ended = run_forked("app.py", INSTANCE_PATH=str(tmp_path), ACCESS_TOKEN_MINUTES="soon")
        says(ended, "ACCESS_TOKEN_MINUTES is 'soon'", "must be")

    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(SystemExit, match=rf"127.0.0.1:{port}: .*in use.*--port"):
                starting.check_port("127.0.0.1", port)

    @pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1"])
    def test_an_address_that_is_not_ours(self, host):
        with pytest.raises(SystemExit, match="another --host"):
            starting.check_port(host, 5000)

    def test_a_folder_that_can_not_be_written(self, tmp_path):
        (tmp_path / "workers").write_text("in the way")
        with pytest.raises(SystemExit, match="INSTANCE_PATH"):
            starting.check_folder(tmp_path)

    def test_flask_run_on_a_database_that_is_not_there(self, tmp_path):
        ended = run_forked("-m", "flask", "--app", "app", "run", INSTANCE_PATH=str(tmp_path))
        assert ended.returncode == 1
        assert "flask --app app db upgrade" in ended.stderr

    def test_an_old_python(self):
        program = (
            "import sys, runpy; sys.version_info = (3, 9, 2, 'final', 0); runpy.run_path('app.py')"
        )
        says(run("-c", program), "Python 3.11 or newer", "3.9")

    def test_packages_that_are_not_installed(self):
        says(run("app.py", interpreter=["-S"], PYTHONPATH=""), "pip install -r requirements.txt")


class TestEnvFile:
    def test_it_is_read_by_the_server_and_by_flask_alike(self, checkout):
        (checkout / ".env").write_text("PORT=harbour\n")
        flask = checkout / "flask.py"
        flask.write_text(FLASK_THERE.format(folder=str(checkout)))
        settings = {"INSTANCE_PATH": str(checkout / "instance"), "FLASK_SKIP_DOTENV": ""}
        for program in (checkout / "app.py", flask):
            says(run_forked(str(program), **settings), "PORT is 'harbour'")

    def test_the_environment_goes_before_it(self, tmp_path, monkeypatch):
        (tmp_path / ".env").write_text("PORT=7000\n# a comment\nLOG_LEVEL='error'\n")
        monkeypatch.setattr(os, "environ", {"PORT": "8000"})
        read_env_file(tmp_path / ".env")
        assert os.environ == {"PORT": "8000", "LOG_LEVEL": "error"}

    def test_it_can_be_switched_off(self, tmp_path, monkeypatch):
        (tmp_path / ".env").write_text("PORT=7000\n")
        monkeypatch.setattr(os, "environ", {"FLASK_SKIP_DOTENV": "1"})
        read_env_file(tmp_path / ".env")
        assert "PORT" not in os.environ

    def test_none_is_fine(self, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "environ", {})
        read_env_file(tmp_path / ".env")
        assert os.environ == {}

    def test_what_is_no_text_is_named(self, tmp_path, monkeypatch):
        (tmp_path / ".env").write_bytes(b"\xff\xfe")
        monkeypatch.setattr(os, "environ", {})
        with pytest.raises(ConfigError, match=r"\.env can't be read"):
            read_env_file(tmp_path / ".env")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("PORT 8000", "line 1, must be NAME=value"),
            ("# fine\n\nPORT", "line 3, must be NAME=value"),
            ("ACESS_TOKEN_MINUTES=30", "did you mean ACCESS_TOKEN_MINUTES"),
            ("port=8000", "did you mean PORT"),
        ],
    )
    def test_a_slip_in_it_is_named(self, tmp_path, monkeypatch, text, words):
        (tmp_path / ".env").write_text(text)
        monkeypatch.setattr(os, "environ", {})
        with pytest.raises(ConfigError, match=words):
            read_env_file(tmp_path / ".env")

    def test_what_is_for_other_programs_is_theirs(self, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "environ", {})
        (tmp_path / ".env").write_text("export AWS_REGION=eu-1\nFLASK_RUN_PORT=5001\n")
        read_env_file(tmp_path / ".env")
        assert os.environ == {"AWS_REGION": "eu-1", "FLASK_RUN_PORT": "5001"}

    def test_git_never_sees_it(self):
        assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
        assert not Path(ROOT / ".env").is_symlink()


@pytest.mark.parametrize(("address", "lines"), [("", 1), ("smtp://mail.example.com", 0)])
def test_the_start_says_where_mails_are_without_a_mail_server(make_app, address, lines):
    app = make_app(SMTP_URL=address)
    with app.app_context():
        said = [one for one in switched_off(app) if one.startswith("mails")]
    assert len(said) == lines
