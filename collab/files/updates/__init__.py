"""Updates of a document, known before the CRDT's library sees them.

An update is what Yjs editors send: structs (pieces of text and all else, each with its id), and
the ranges of ids that were deleted. `parsing.read` takes the bytes apart without recursion and with
bounds, `Ledger.plan` says what of it fits a document now, `owners` who may send it, and `pairs`
does what Yjs does where an edit cuts a character in two.
"""
