"""The editor's pure parts under Node: by themselves, and beside what they must agree with here."""

import json
import random
import subprocess

from collab.config import ROOT
from collab.files.text.delta import Delta, apply, compose, invert, transform
from collab.files.text.encoding import edits_of
from collab.files.text.units import from_units, to_units

from ..support.coediting import WORDS, random_edit
from ..support.npm import needs_node

HERE = ROOT / "tests" / "web" / "editor"
CASES = 2000

pytestmark = needs_node()


def node(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = ["node", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=240)


def test_deltas_replicas_colours_and_typing_hold_for_random_texts():
    done = node("--test", *(str(path) for path in sorted(HERE.glob("*.test.mjs"))))
    assert done.returncode == 0, done.stdout


def several(units: str, chance: random.Random) -> Delta:
    """Return a change in one or more places."""
    delta = random_edit(units, chance)
    while chance.random() < 0.5:
        delta = compose(delta, random_edit(apply(units, delta), chance))
    return delta


def test_the_page_merges_changes_as_the_server_does():
    chance, cases, expected = random.Random(7), [], []
    for _ in range(CASES):
        units = to_units("".join(chance.choices(WORDS, k=chance.randrange(6))))
        one, two = several(units, chance), several(units, chance)
        cases.append([from_units(units), edits_of(one), edits_of(two)])
        found = [
            transform(one, two),
            transform(one, two, first=True),
            invert(one, units),
            compose(one, transform(two, one)),
        ]
        expected.append([from_units(apply(units, one)), *map(edits_of, found)])
    done = node(str(HERE / "answer.mjs"), stdin=json.dumps(cases))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected
