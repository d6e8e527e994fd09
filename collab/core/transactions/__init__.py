"""Transactions: whose turn it is to write, how they come to the disk, what is done after them."""
