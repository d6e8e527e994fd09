"""What all doors for Yjs editors share, whatever is spoken over them."""
