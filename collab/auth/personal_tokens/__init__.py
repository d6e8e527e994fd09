"""Personal tokens: what a script signs in with, in place of its person's password."""
