"""Write the Postman collection, its environment, and the two files that it sends.

    .venv/bin/python -m examples.postman.build

The requests are those of `story.py`; what each does, and which answers it has, is read from the
OpenAPI document of this version, so the collection can't say anything else than the API.
"""

from __future__ import annotations

import json
import re
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

from collab import create_app
from collab.core.http.api import API

from .story import STORY, Step

FOLDER = Path(__file__).resolve().parent
COLLECTION = FOLDER.parent / "collab.postman_collection.json"
ENVIRONMENT = FOLDER.parent / "collab.postman_environment.json"
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
API_PATH = "/api/v1"

DESCRIPTION = """Every operation of the API, in the order of one story. Start a server, choose the
environment *Collab on this machine*, and run the collection: log-ins store their tokens, what is
created stores its id, and every request checks its answer. It may be run again and again.
"""
#: Addresses that are new in each run, since an invitation is for somebody without an account.
NEW_PEOPLE = """
const run = Date.now();
for (const name of ["dora", "eve"]) {
  pm.collectionVariables.set(`${name}_email`, `${name}.${run}@example.com`);
}
"""
VARIABLES = {
    "base_url": "http://127.0.0.1:5000",
    "alice_email": "alice@example.com",
    "bob_email": "bob@example.com",
    "password": "Apollo-and-Artemis-11",
    "other_password": "Artemis-and-Apollo-17",
    "provider": "google",
}


def document() -> dict[str, Any]:
    """Return the OpenAPI document of this version."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app({"INSTANCE_PATH": folder})
        with app.app_context():
            return dict(API.of(app).spec.to_dict())


def collection(described: dict[str, Any]) -> dict[str, Any]:
    """Return the collection for an OpenAPI document."""
    return {
        "info": {"name": "Collab", "description": DESCRIPTION, "schema": SCHEMA},
        "event": [_script("prerequest", _FIRST_ONLY)],
        "variable": [{"key": name, "value": ""} for name in sorted(_kept())],
        "item": [
            {"name": name, "item": [_item(step, described) for step in steps]}
            for name, steps in STORY
        ],
    }


#: Runs before each request; only the run's first finds no addresses.
_FIRST_ONLY = "if (!pm.variables.get('dora_email') || pm.info.requestName === 'Register Alice') {"
_FIRST_ONLY += NEW_PEOPLE + "}"


def _kept() -> set[str]:
    steps = [step for _, steps in STORY for step in steps]
    return {name for step in steps for name in step.keep} | {"dora_email", "eve_email"}


def _item(step: Step, described: dict[str, Any]) -> dict[str, Any]:
    operation = _operation(step, described)
    events = [_script("test", _tests(step, operation))]
    if step.in_app_only:
        events.append(
            _script(
                "prerequest",
                "if (pm.environment.get('runner')) {\n  pm.execution.skipRequest();\n}",
            )
        )
    return {
        "name": step.name or operation["summary"].split(". ")[0].rstrip("."),
        "event": events,
        "request": {
            "method": step.method,
            "description": operation.get("description", operation["summary"]),
            "url": _url(step),
            "auth": _auth(step.by),
            **_content(step),
        },
    }


def _operation(step: Step, described: dict[str, Any]) -> dict[str, Any]:
    for path in (API_PATH + step.path, step.path):
        found = described["paths"].get(path, {}).get(step.method.lower())
        if found:
            return dict(found)
    raise LookupError(f"{step.method} {step.path} is not in the OpenAPI document")


def _url(step: Step) -> dict[str, Any]:
    def value(match: re.Match[str]) -> str:
        name = step.ids.get(match[1], match[1])
        return name if name.isdigit() or match[1] == "name" else f"{{{{{name}}}}}"

    at_root = step.path in ("/", "/health", "/ready", "/metrics") or step.path.startswith("/v1/")
    prefix = "" if at_root else API_PATH
    path = prefix + re.sub(r"{(\w+)}", value, step.path)
    query = [{"key": name, "value": value} for name, value in step.query.items()]
    shown = "&".join(f"{name}={value}" for name, value in step.query.items())
    return {
        "raw": "{{base_url}}" + path + (f"?{shown}" if shown else ""),
        "host": ["{{base_url}}"],
        "path": path.strip("/").split("/") if path != "/" else [""],
        **({"query": query} if query else {}),
    }


def _auth(by: str | None) -> dict[str, Any]:
    if by is None:
        return {"type": "noauth"}
    token = {"key": "token", "value": f"{{{{{by}_token}}}}", "type": "string"}
    return {"type": "bearer", "bearer": [token]}


def _content(step: Step) -> dict[str, Any]:
    headers = dict(step.headers)
    body: dict[str, Any] = {}
    if step.file:
        headers["Content-Type"] = "application/octet-stream"
        body = {"body": {"mode": "file", "file": {"src": f"postman/{step.file}"}}}
    elif isinstance(step.body, str):
        body = {"body": {"mode": "raw", "raw": step.body}}
    elif step.body is not None:
        headers["Content-Type"] = "application/json"
        # A variable for a number stands without quotes.
        raw = re.sub(r'"({{\w+_id}})"', r"\1", json.dumps(step.body, indent=2, ensure_ascii=False))
        body = {"body": {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}}
    return {"header": [{"key": key, "value": value} for key, value in headers.items()], **body}


# -- what checks the answer -----------------------------------------------------------------------


def _tests(step: Step, operation: dict[str, Any]) -> str:
    good = sorted(step.status or (int(code) for code in operation["responses"] if code[0] == "2"))
    lines = [
        f'pm.test("answers {" or ".join(map(str, good))}", () => {{',
        f"  pm.expect(pm.response.code, pm.response.text()).to.be.oneOf({good});",
        "});",
    ]
    lines += _type_test(operation, good)
    if step.until:
        lines += _waiting(*step.until)
    lines += _keeping(step.keep)
    return "\n".join(lines)


def _type_test(operation: dict[str, Any], good: list[int]) -> list[str]:
    answers = [operation["responses"].get(str(code), {}) for code in good]
    types = [name for one in answers for name in one.get("content", {})]
    if types != ["application/json"]:
        return []
    return [
        'pm.test("is JSON", () => pm.expect(pm.response.headers.get("Content-Type"))'
        '.to.include("json"));'
    ]


def _waiting(member: str, values: tuple[str, ...]) -> list[str]:
    return [
        f"const state = {_member(member)};",
        f"if (!{json.dumps(values)}.includes(state)) {{",
        "  pm.execution.setNextRequest(pm.info.requestId);",
        "  return;",
        "}",
    ]


def _keeping(keep: dict[str, str]) -> list[str]:
    lines = [
        f'pm.collectionVariables.set("{name}", {_member(member)});' for name, member in keep.items()
    ]
    return ["if (pm.response.code < 300) {", *(f"  {line}" for line in lines), "}"] if lines else []


def _member(path: str) -> str:
    if path == "ETag":
        return 'pm.response.headers.get("ETag")'
    return "pm.response.json()" + "".join(f'?.["{word}"]' for word in path.split("."))


def _script(listen: str, lines: str) -> dict[str, Any]:
    script = {"type": "text/javascript", "exec": lines.strip().split("\n")}
    return {"listen": listen, "script": script}


# -- the files ------------------------------------------------------------------------------------


def environment() -> dict[str, Any]:
    """Return the environment: a server on this machine, and a password for the example's people."""
    values = [{"key": name, "value": value, "enabled": True} for name, value in VARIABLES.items()]
    return {
        "name": "Collab on this machine",
        "values": values,
        "_postman_variable_scope": "environment",
    }


def picture() -> bytes:
    """Return a PNG of 16 by 16 pixels: a light disc on a dark ground (RFC 2083)."""
    rows = b"".join(
        b"\0" + bytes(240 if (x - 8) ** 2 + (y - 8) ** 2 < 40 else 20 for x in range(16))
        for y in range(16)
    )
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def write_archive(path: Path) -> None:
    """Write a zip with two texts, the same bytes each time."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (("index.html", "<h1>Apollo</h1>\n"), ("notes/plan.md", "# Plan\n")):
            archive.writestr(zipfile.ZipInfo(name), text)


def built(described: dict[str, Any]) -> dict[Path, str]:
    """Return the texts of the generated files for an OpenAPI document."""
    made = {COLLECTION: collection(described), ENVIRONMENT: environment()}
    return {
        path: json.dumps(value, indent=2, ensure_ascii=False) + "\n" for path, value in made.items()
    }


def main() -> None:
    """Write all files."""
    for path, text in built(document()).items():
        path.write_text(text, encoding="utf-8")
    (FOLDER / "moon.png").write_bytes(picture())
    write_archive(FOLDER / "site.zip")


if __name__ == "__main__":
    main()
