"""The number that moves when rights have changed, as several processes see it."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from collab import create_app
from collab.core.transactions.rights_epoch import RIGHTS_EPOCH, RightsEpoch

from ..conftest import SETTINGS, close

MOVE_OFTEN = """
import sys
from pathlib import Path
from collab.core.transactions.rights_epoch import RightsEpoch
for _ in range(500):
    RightsEpoch(Path(sys.argv[1])).move()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "collab.db-rights"


def test_a_move_is_seen_by_all_who_share_the_file(path: Path) -> None:
    one, other = RightsEpoch(path), RightsEpoch(path)
    before = other.now()
    one.move()
    assert other.now() == one.now() == before + 1


def test_it_goes_on_after_a_restart(path: Path) -> None:
    RightsEpoch(path).move()
    assert RightsEpoch(path).now() == 1


def test_moves_of_processes_at_once_are_all_counted(path: Path) -> None:
    movers = [subprocess.Popen([sys.executable, "-c", MOVE_OFTEN, path]) for _ in range(2)]
    assert [one.wait(60) for one in movers] == [0, 0]
    assert RightsEpoch(path).now() == 1000


def test_nobody_else_may_touch_the_file(path: Path) -> None:
    RightsEpoch(path).move()
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_applications_on_one_database_share_it(tmp_path: Path) -> None:
    settings = SETTINGS | {"DATABASE_URL": f"sqlite:///{tmp_path / 'shared.db'}"}
    apps = [create_app(settings | {"INSTANCE_PATH": str(tmp_path / n)}) for n in ("a", "b")]
    RIGHTS_EPOCH.of(apps[0]).move()
    assert RIGHTS_EPOCH.of(apps[1]).now() == 1
    assert RIGHTS_EPOCH.of(apps[0]).is_shared
    for app in apps:
        close(app)


def test_it_moves_without_a_free_descriptor(path: Path) -> None:
    epoch = RightsEpoch(path)
    assert epoch.now() == 0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        epoch.move()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert epoch.now() == 1
