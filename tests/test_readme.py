import re

from collab.config import ROOT, SETTINGS

README = (ROOT / "README.md").read_text()


def settings_table() -> str:
    """Write the table of settings as the README has to show it."""
    lines = []
    for setting in SETTINGS:
        default = setting.default.replace(str(ROOT), ".")
        lines.append(
            f"| `{setting.name}` | {f'`{default}`' if default else ''} | {setting.meaning} |"
        )
    return "\n".join(lines)


def test_the_table_of_settings_is_the_codes():
    assert settings_table() in README


def test_every_dependency_has_its_reason():
    required = (ROOT / "requirements.txt").read_text()
    table = README.split("## Dependencies")[1].split("##")[0]
    for name in re.findall(r"^([\w-]+)>=", required, re.MULTILINE):
        assert re.search(rf"\b{name}\b", table), name


def test_every_path_that_it_names_is_there():
    for path in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (ROOT / path).exists(), path
