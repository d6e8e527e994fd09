"""What the documentation lists is what the code has: settings and dependencies."""

import re

from collab.config import ROOT, SETTINGS


def settings_table() -> str:
    """Write the table of settings as the documentation has to show it."""
    lines = []
    for setting in SETTINGS:
        default = setting.default.replace(str(ROOT), ".")
        lines.append(
            f"| `{setting.name}` | {f'`{default}`' if default else ''} | {setting.meaning} |"
        )
    return "\n".join(lines)


def test_the_table_of_settings_is_the_codes():
    assert settings_table() in (ROOT / "docs" / "settings.md").read_text()


def test_every_dependency_has_its_reason():
    required = (ROOT / "requirements.txt").read_text()
    table = (ROOT / "docs" / "dependencies.md").read_text()
    for name in re.findall(r"^([\w-]+)>=", required, re.MULTILINE):
        assert re.search(rf"^\|.*\b{name}\b.*\|.*\|$", table, re.MULTILINE), name


def test_every_path_in_code_style_is_there():
    """Pages name modules and tests by path; `jobs/{id}` and the like are addresses."""
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for path in re.findall(
            r"`((?:collab|tests|bench|examples|docs)/[\w./-]+)`", page.read_text()
        ):
            assert (ROOT / path).exists(), f"{page.name}: {path}"
