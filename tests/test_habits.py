"""What stands around the code agrees with it: settings, versions, the lock, and what CI calls."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from collab.config import ROOT, SETTINGS
from collab.provider_settings import PARTS
from collab.version import VERSION

from .support.each import each
from .support.npm import PACKAGES

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ASKED = (
    "requirements.txt",
    "deploy/requirements.txt",
    "tests/requirements.txt",
    ".ci/requirements.txt",
)
TARGETS = dict(re.findall(r"^([a-z-]+):.*## (.*)$", (ROOT / "Makefile").read_text(), re.M))


def requirements(name: str) -> list[Requirement]:
    """Read a file of requirements."""
    lines = (ROOT / name).read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


LOCKED = {canonicalize_name(one.name): one for one in requirements("requirements.lock")}
BOUNDS = [one for name in ASKED for one in requirements(name)]


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="apt-get install make")


def example() -> str:
    """Write .env.example as it has to be: every setting, its meaning and default, commented out."""
    lines = [
        "# Collab's settings, each with its default. Copy this to .env, beside app.py, and",
        "# uncomment what you change. The environment goes before that file.",
    ]
    for setting in SETTINGS:
        default = setting.default.replace(str(ROOT), ".")
        value = f'"{default}"' if " " in default else default
        lines += ["", f"# {setting.meaning}", f"#{setting.name}={value}"]
    lines += [
        "",
        "# Other services that sign people in: GOOGLE and GITHUB are known, any other is one",
        "# that speaks OpenID Connect (docs/signing-in-elsewhere.md).",
    ]
    for part in PARTS:
        lines += ["", f"# {part.meaning}", f"#OAUTH_ACME_{part.end}="]
    return "\n".join(lines) + "\n"


def test_the_example_of_an_environment_has_every_setting():
    assert (ROOT / ".env.example").read_text() == example()


def test_the_example_is_read_by_a_shell_as_the_defaults():
    """Uncommented and read by a shell, it gives each setting its default."""
    body = re.sub(r"^#([A-Z])", r"\1", (ROOT / ".env.example").read_text(), flags=re.M)
    shell = subprocess.run(
        ["sh", "-c", f"set -a; {body}\nenv"], env={}, capture_output=True, text=True, check=True
    )
    read = dict(line.split("=", 1) for line in shell.stdout.splitlines())
    for setting in SETTINGS:
        assert read[setting.name] == setting.default.replace(str(ROOT), "."), setting.name


@each(BOUNDS)
def test_what_was_locked_is_within_the_bounds(wanted):
    locked = LOCKED[canonicalize_name(wanted.name)]
    (pin,) = locked.specifier
    assert pin.operator == "=="
    assert wanted.specifier.contains(pin.version)
    assert str(locked.marker) == str(wanted.marker)


@each(BOUNDS)
def test_every_requirement_has_a_lower_and_an_upper_bound(wanted):
    assert {one.operator for one in wanted.specifier} == {">=", "<"}


def test_the_lock_has_exact_versions_of_all_that_is_needed_in_turn():
    for one in LOCKED.values():
        assert [pin.operator for pin in one.specifier] == ["=="], one.name
        if one.marker and not one.marker.evaluate():
            continue
        try:
            needs = metadata.requires(one.name) or ()
        except metadata.PackageNotFoundError:  # CI's own tools are not everywhere
            continue
        for need in map(Requirement, needs):
            if need.marker is None:
                assert canonicalize_name(need.name) in LOCKED, f"{one.name} needs {need.name}"


def test_the_version_stands_in_one_place():
    assert "version" not in PROJECT["project"]
    assert PROJECT["project"]["dynamic"] == ["version", "dependencies"]
    dynamic = PROJECT["tool"]["setuptools"]["dynamic"]
    assert dynamic["version"] == {"attr": "collab.version.VERSION"}
    assert dynamic["dependencies"] == {"file": ["requirements.txt"]}
    spelled = [
        str(path)
        for path in (ROOT / "collab").rglob("*.py")
        if f'"{VERSION}"' in path.read_text() and path.name != "version.py"
    ]
    assert spelled == []


def test_the_changelog_has_this_version_and_what_is_not_released():
    log = (ROOT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## \[?([\w.]+)\]?", log, re.M)
    assert headings[:2] == ["Unreleased", VERSION]


def test_python_is_promised_alike_everywhere():
    low, high = "3.11", "3.13"
    assert PROJECT["project"]["requires-python"] == f">={low}"
    minors = [
        one.rpartition(" ")[2] for one in PROJECT["project"]["classifiers"] if "Python ::" in one
    ]
    assert (minors[0], minors[-1]) == (low, high)
    assert PROJECT["tool"]["mypy"]["python_version"] == low
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{low.replace('.', '')}"
    assert f"Python {low} to {high}" in (ROOT / "README.md").read_text()
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert re.findall(r"^ +(3\.\d+)$", workflow, re.M) == [high, low]


def test_ci_calls_the_targets_that_everybody_calls():
    called = re.findall(
        r"^(?:if ! )?make --no-print-directory ([\w-]+)", (ROOT / ".ci" / "run").read_text(), re.M
    )
    steps = [
        "install",
        "lint",
        "types",
        "test",
        "postgres",
        "fuzz",
        "spark",
        "tour",
        "clients",
        "counts",
        "sbom",
        "deploy-lint",
        "image",
        "audit",
        "newest",
    ]
    assert called == steps
    hooks = re.findall(
        r"entry: make --no-print-directory (\w+)", (ROOT / ".pre-commit-config.yaml").read_text()
    )
    assert hooks == ["lint", "types"]
    by_hand = {"help", "bench", "lock", "coverage", "mutations", "postgres-all", "quick"}
    assert set(called) | by_hand == TARGETS.keys()


#: Tests of which CI runs none on PostgreSQL, and why not.
NOT_ON_POSTGRESQL = {
    "examples": "what they call is asked by the seed's requests, too",
    "growth": "looks at how SQLite carries out queries",
    "web": "the page reads what the API answers",
    "support": "has no tests",
}


@needs_make
def test_ci_runs_something_of_every_package_on_postgresql():
    # As it is without ARGS, which a make that these tests run under passes on.
    command = ["env", "-u", "MAKEFLAGS", "-u", "ARGS", "make", "--dry-run", "postgres"]
    plan = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    run = re.findall(r"(?<!--ignore )tests/(\w+)(?=[/\s])", plan)
    folders = {path.parent.name for path in ROOT.glob("tests/*/__init__.py")}
    assert folders - set(run) == NOT_ON_POSTGRESQL.keys()


@needs_make
def test_the_first_target_lists_all_of_them():
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^  make ([\w-]+) +(.*)$", shown, re.M) == list(TARGETS.items())


@needs_make
@pytest.mark.parametrize("target", [one for one in TARGETS if one != "help"])
def test_a_target_names_only_what_is_there(target):
    """What a target would run, asked of make itself, names scripts and modules that exist."""
    plan = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for path in re.findall(r"(?:^|\s)((?:\.ci|examples|tests)/[\w./-]+)", plan):
        if path.startswith("tests/node_modules/") and not PACKAGES.exists():
            pytest.skip("needs the packages of npm: npm install --prefix tests")
        assert (ROOT / path).exists(), path
    for module in re.findall(r"-m (bench\.\w+)", plan):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
