"""What a text was, who changed it, and taking changes back."""
