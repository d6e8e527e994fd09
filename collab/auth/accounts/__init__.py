"""What belongs to accounts: one for each mailbox, and what ends with them."""
