"""What every package stands on: errors, HTTP conventions, model mixins, secrets, logging."""
