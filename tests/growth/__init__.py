"""What a request costs does not grow with what is stored."""
