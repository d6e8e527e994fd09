"""What people and projects keep, shown to them."""
