"""What secrets are sealed for (`core/sealing.py`)."""

#: The secrets that deliveries are signed with.
SECRET_PURPOSE = "webhook secret"  # noqa: S105 (a purpose)
#: The secrets that incoming messages are checked by.
INCOMING_PURPOSE = "incoming hook secret"
