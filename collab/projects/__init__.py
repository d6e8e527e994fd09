"""Projects, their members and invitations, and who may do what (`access.py`)."""
