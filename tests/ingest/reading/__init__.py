"""What is read out of the store, against what a reader with all the time in the world finds."""
