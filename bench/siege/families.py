"""All families of attacks: importing them enters each in `target.ATTACKS`."""

from bench.siege import accounts, code, connections, disk, memory, protocol, signals, texts

__all__ = ["accounts", "code", "connections", "disk", "memory", "protocol", "signals", "texts"]
