"""Hashes of passwords: as argon2's own library makes them, by threads behind all others."""

from __future__ import annotations

import os
import sys

import pytest
from argon2 import PasswordHasher, extract_parameters

from collab.core.security import argon2id

TODAY = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
PASSWORD = "correct horse battery staple"


@pytest.mark.parametrize("password", ["", PASSWORD, "Füße und 🚀", "x" * 128])
def test_the_library_reads_what_is_made_here(password):
    made = argon2id.make(password, 19)
    assert TODAY.verify(made, password)
    assert extract_parameters(made) == extract_parameters(TODAY.hash(password))
    assert not TODAY.check_needs_rehash(made)


@pytest.mark.parametrize("password", ["", PASSWORD, "Füße und 🚀", "x" * 128])
def test_what_the_library_made_is_read_here(password):
    kept = TODAY.hash(password)
    assert argon2id.matches(password, kept)
    assert not argon2id.matches(password + "x", kept)


def test_two_hashes_of_one_password_have_nothing_in_common():
    one, another = (argon2id.make(PASSWORD, 1).split("$")[-2:] for _ in range(2))
    assert not set(one) & set(another)


def test_a_hash_with_other_parameters_is_read():
    kept = PasswordHasher(time_cost=1, memory_cost=64, parallelism=2).hash(PASSWORD)
    assert argon2id.matches(PASSWORD, kept)
    assert not argon2id.matches("another", kept)
    assert argon2id.outdated(kept, 19)


@pytest.mark.parametrize("mib", [1, 2, 3, 46])
def test_a_hash_takes_the_memory_that_is_asked_for(mib):
    made = argon2id.make(PASSWORD, mib)
    assert extract_parameters(made).memory_cost == mib * 1024
    assert TODAY.verify(made, PASSWORD)
    assert argon2id.matches(PASSWORD, made)
    assert not argon2id.outdated(made, mib)
    assert argon2id.outdated(made, mib + 1)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda kept: "",
        lambda kept: kept + "\n",
        lambda kept: kept[:-1],
        lambda kept: kept.replace("argon2id", "argon2i"),
        lambda kept: kept.rpartition("$")[0],
        lambda kept: kept.rpartition("$")[0] + "$",
    ],
)
def test_what_is_no_whole_hash_is_nobodys(spoil):
    assert not argon2id.matches(PASSWORD, spoil(TODAY.hash(PASSWORD)))


def test_what_cannot_be_hashed_is_told_to_the_caller():
    with pytest.raises(UnicodeEncodeError):
        argon2id.make("\ud800", 19)


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
def test_it_is_done_behind_whoever_waits_for_it():
    mine = os.nice(0)
    assert argon2id._behind(lambda: os.nice(0)) == min(19, mine + argon2id.NICE_STEPS)
    assert os.nice(0) == mine
