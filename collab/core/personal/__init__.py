"""What is kept about people, and for how long: each package declares it for its tables."""
