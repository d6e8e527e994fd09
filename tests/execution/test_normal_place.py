"""The sandbox is a normal place: what programs take for granted is there, what is not is told."""

from __future__ import annotations

import zoneinfo
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from marshmallow import ValidationError

from collab.execution import nodes, programs
from collab.execution.hints import hint
from collab.execution.languages import JAVASCRIPT
from collab.execution.nodes import Node
from collab.execution.outcome import Outcome
from collab.execution.output import FLOOD_BYTES
from collab.execution.placed import Files
from collab.execution.running import Program, run
from collab.execution.schemas import CodeIn

from ..support.each import each
from . import support
from .support import IN_BOTH, execute, needs_bubblewrap, needs_node
from .together import Together

pytestmark = needs_bubblewrap

# -- time zones -----------------------------------------------------------------------------------

SUMMER = datetime(2026, 7, 1, tzinfo=UTC)
SHOW_ZONES = """
from datetime import datetime, UTC
from zoneinfo import ZoneInfo
for name in ("Europe/Berlin", "Asia/Kolkata", "America/St_Johns"):
    print(datetime(2026, 7, 1, tzinfo=UTC).astimezone(ZoneInfo(name)))
"""


def expected_zones() -> str:
    names = ("Europe/Berlin", "Asia/Kolkata", "America/St_Johns")
    return "".join(f"{SUMMER.astimezone(zoneinfo.ZoneInfo(name))}\n" for name in names)


def test_time_zones_are_known() -> None:
    assert execute(SHOW_ZONES).stdout == expected_zones()


def test_time_zones_are_known_where_only_pip_brought_them(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = programs.zones()
    monkeypatch.setattr(programs, "ZONES_FOLDER", "/usr/share/zoneinfo-of-nobody")
    from_pip = programs.zones()
    assert from_pip is not None
    assert installed != from_pip
    assert Path(from_pip.outside, "Europe/Berlin").is_file()


def test_the_c_library_knows_time_zones_too() -> None:
    code = "import os, time; os.environ['TZ'] = 'Asia/Tokyo'; time.tzset(); print(time.tzname[0])"
    assert execute(code).stdout == "JST\n"


# -- modules and files ----------------------------------------------------------------------------

WRITES_A_MODULE = {
    "python": "open('own.py', 'w').write('x = 6'); import own; print(own.x)",
    "javascript": "require('fs').writeFileSync('own.js', 'exports.x = 6');"
    " console.log(require('./own.js').x)",
}


@IN_BOTH
def test_code_imports_what_it_wrote(language: str) -> None:
    assert execute(WRITES_A_MODULE[language], language).stdout == "6\n"


IMPORTS = {
    "python": ("import tools.money as m; print(m.x, open('in.csv').read())", "tools/money.py"),
    "javascript": (
        "const m = require('./tools/money.js');"
        " console.log(m.x, require('fs').readFileSync('in.csv', 'utf8'))",
        "tools/money.js",
    ),
}
MODULE = {"python": b"x = 100", "javascript": b"exports.x = 100"}


@IN_BOTH
@pytest.mark.parametrize("kind", ["own", "shown"])
def test_code_finds_the_files_of_its_run(language: str, kind: str) -> None:
    code, name = IMPORTS[language]
    files = Files(**{kind: {name: MODULE[language], "in.csv": b"a,b"}})
    assert execute(code, language, files=files).stdout == "100 a,b\n"


def test_files_of_the_run_may_be_changed() -> None:
    code = "open('a/b', 'a').write('!'); print(open('a/b').read())"
    assert execute(code, files=Files(own={"a/b": b"hi"})).stdout == "hi!\n"


def test_code_of_a_workspace_runs_in_its_own_folder() -> None:
    code = "import os, near; print(os.getcwd(), __file__, near.x, open('../far.txt').read())"
    files = Files("src/app.py", shown={"src/near.py": b"x = 1", "far.txt": b"far"})
    assert execute(code, files=files).stdout == "/box/src /box/src/app.py 1 far\n"


@each(
    [
        {"main.py": ""},
        {"main.py/x": ""},
        {"a": "", "a/b": ""},
        {"/etc/x": ""},
        {"../x": ""},
        {"a/../b": ""},
        {"a/./b": ""},
        {"a//b": ""},
        {"a/": ""},
        {"": ""},
        {".": ""},
        {"a\\b": ""},
        {"a\nb": ""},
        {"a\0": ""},
        {"ü" * 128: ""},
        {"/".join(["a" * 200] * 6): ""},
        {"a": "x" * 2**20},
        {"a": "\ud800"},
        {"\ud800": ""},
        {"a": 5},
        {f"{number}": "" for number in range(101)},
    ]
)
def test_files_that_no_box_holds_are_refused(files: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        CodeIn().load({"language": "python", "code": "1", "files": files})
    assert list(caught.value.messages_dict) == ["files"]


OTHER_FILES = {path: f"text of {path}" for path in ("a", "...", ".a", "a b/ü.txt", "-x", "main.js")}
AMONG_FILES = Together(Files(own={path: text.encode() for path, text in OTHER_FILES.items()}))
READ = {path: AMONG_FILES.add(python=f"print(open({path!r}).read())") for path in OTHER_FILES}


@pytest.mark.parametrize("path", OTHER_FILES)
def test_other_files_are_taken(path: str) -> None:
    files = {path: OTHER_FILES[path]}
    loaded = CodeIn().load({"language": "python", "code": "1", "files": files})
    assert loaded["files"] == files
    assert READ[path].said(execute) == f"text of {path}\n"


@IN_BOTH
@pytest.mark.parametrize("name", ["-c", "--version", "-e.py", "a b.py"])
def test_the_name_of_the_code_is_never_an_option(language: str, name: str) -> None:
    code = {"python": "print(6 * 7)", "javascript": "console.log(6 * 7)"}[language]
    assert execute(code, language, files=Files(main=name), stdin="no code").stdout == "42\n"


def test_a_hundred_files_are_there() -> None:
    files = {f"d{number % 7}/{number}": b"x" * 10_000 for number in range(100)}
    code = "import os; print(sum(os.path.getsize(f'd{n % 7}/{n}') for n in range(100)))"
    assert execute(code, files=Files(own=files)).stdout == "1000000\n"


# -- JavaScript, old and new ----------------------------------------------------------------------

#: As a Node from before all this: it has to be told what a newer one sees by itself.
OLD = Node(data=0, version=(18, 4), lean=False).options
SCRIPTS = {
    "wasm": "console.log(new WebAssembly.Memory({ initial: 16 }).buffer.byteLength / 65536)",
    "esm": "import fs from 'node:fs'; import { x } from './own.js'; console.log(x + await 8)",
    "await": "console.log(await Promise.resolve(16))",
    "commonjs": "console.log(require.main === module ? require('./common.js').x : 0)",
    "shebang": "#!/usr/bin/env node\nconsole.log(await 16)",
}


@needs_node
@pytest.mark.parametrize("kind", SCRIPTS)
@pytest.mark.parametrize("age", ["new", "old"])
def test_javascript_of_every_kind_runs(kind: str, age: str) -> None:
    lean = nodes.probed(support.interpreter("javascript").outside).options
    spoken = replace(JAVASCRIPT, more_options=lambda _: OLD + lean if age == "old" else lean)
    files = Files(own={"own.js": b"export const x = 8", "common.js": b"exports.x = 16"})
    options = spoken.options
    if age == "old" and nodes.probed(support.interpreter("javascript").outside).detects:
        options += ("--no-experimental-detect-module",)
    spoken = replace(spoken, options=options)
    made = Program(spoken, support.interpreter("javascript"), SCRIPTS[kind], 10, None, files)
    outcome = run(made, support.TOOLS)
    assert (outcome.stdout, outcome.stderr) == ("16\n", "")


@each([((18, 20), False), ((20, 18), False), ((20, 19), True), ((22, 6), False), ((24, 0), True)])
def test_only_old_nodes_get_the_loader(version: tuple[int, int], detects: bool) -> None:
    assert Node(0, version, lean=True).detects is detects
    assert ("--experimental-loader" in Node(0, version, lean=True).options) is not detects


@needs_node
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_no_output_is_lost_at_exit(stream: str) -> None:
    # As much as makes a flood: had a byte been lost, it would not be one.
    code = f"process.{stream}.write('x'.repeat({FLOOD_BYTES})); process.exit(0)"
    assert execute(code, "javascript").stopped == "output_limit"


# -- what is missing ------------------------------------------------------------------------------

MISSED = {
    "python": {
        "import numpy": "numpy",
        "from requests.adapters import x": "requests",
        "import urllib.request as r; r.urlopen('http://example.com')": "no network",
        "import urllib.request as r; r.urlopen('http://192.0.2.1')": "no network",
        "import socket; socket.create_connection(('192.0.2.1', 80))": "no network",
        "import socket; print(socket.getaddrinfo('example.com', 80))": "no network",
        "import http.server as s; s.HTTPServer(('', 0), None)": "no network",
        "import subprocess; subprocess.run(['ls'])": "no other processes",
        "import os; os.fork()": "no other processes",
        "from multiprocessing.shared_memory import SharedMemory as S; S(create=True, size=9)": (
            "no other processes"
        ),
        "name = input('Who? ')": "given as `stdin`",
    },
    "javascript": {
        "require('lodash')": "lodash",
        "import _ from 'lodash'": "lodash",
        "await fetch('http://example.com')": "no network",
        "fetch('http://192.0.2.1').catch((e) => console.log(e.message))": "no network",
        "require('http').get('http://192.0.2.1')": "no network",
        "require('net').createServer().listen(0)": "no network",
        "require('child_process').execSync('ls')": "no other processes",
    },
}
MISSING = Together()
MISSED_IN_PYTHON = {code: MISSING.add(python=code) for code in MISSED["python"]}


@pytest.mark.parametrize(("code", "word"), MISSED["python"].items())
def test_what_is_missing_is_told(code: str, word: str) -> None:
    told = MISSED_IN_PYTHON[code].said(execute)
    outcome = replace(execute_once("raise SystemExit(1)"), stderr=told)
    assert word in (hint(outcome) or ""), outcome


@cache
def execute_once(code: str) -> Outcome:
    return execute(code)


@needs_node
@pytest.mark.parametrize(("code", "word"), MISSED["javascript"].items())
def test_what_is_missing_in_javascript_is_told(code: str, word: str) -> None:
    outcome = execute(code, "javascript")
    assert word in (hint(outcome) or ""), outcome


@IN_BOTH
@pytest.mark.parametrize("code", ["(", "throw 1", "raise ValueError('no module named x')"])
def test_of_other_errors_nothing_is_said(language: str, code: str) -> None:
    assert hint(execute(code, language)) is None
