"""Files that jobs work on."""
