"""Programs that show how to use Collab from outside."""
