"""Where code runs: a box of namespaces, mounts and limits, made by bubblewrap for one run."""
