"""Transactions: whose turn it is to write, how commits reach the disk, what happens after them."""
