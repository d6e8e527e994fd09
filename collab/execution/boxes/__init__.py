"""What code runs in: a box of namespaces, mounts and limits, made by bubblewrap for one run."""
