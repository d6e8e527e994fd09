"""The tests: a file per endpoint or promise, mirroring `collab/`."""
