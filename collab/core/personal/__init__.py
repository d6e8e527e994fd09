"""What is kept of people, and for how long: each package declares it of its tables."""
