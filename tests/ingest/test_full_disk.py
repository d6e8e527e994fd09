"""A disk that is full: nothing that was acknowledged is lost, and the worker goes on by itself."""

import os
import sqlite3
import subprocess

import pytest

from ..support.pipeline import MIB, Pipeline, conserved
from .test_loading import event


@pytest.fixture
def small_disk(tmp_path):
    """Return a folder on a disk of 3 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fills(pipeline: Pipeline) -> int:
    """Take events in until the disk is full; returns how many were acknowledged."""
    for number in range(1000):
        try:
            pipeline.takes(event(str(number), data={"filling": "x" * 20_000}))
        except sqlite3.OperationalError:
            return number
    raise AssertionError("the disk is never full")


def test_a_full_disk_refuses_and_loses_nothing(small_disk):
    pipeline = Pipeline(small_disk, queue=64 * MIB, quota=64 * MIB)
    acknowledged = fills(pipeline)
    assert acknowledged > 20
    with pytest.raises((sqlite3.OperationalError, OSError)):
        pipeline.loads()
    assert conserved(pipeline.loader.connection)
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    pipeline.loads()
    assert sorted(map(int, pipeline.stored())) == list(range(acknowledged))
    assert conserved(pipeline.loader.connection)
    pipeline.close()
