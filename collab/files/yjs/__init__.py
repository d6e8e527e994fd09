"""What all doors for Yjs editors share, whichever protocol they speak."""
