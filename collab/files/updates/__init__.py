"""Updates of a document, understood before the CRDT library sees them.

An update is what Yjs editors send: structs (pieces of text and everything else, each with its id),
and the ranges of deleted ids. `parsing.read` takes the bytes apart without recursion and within
bounds, `Ledger.plan` says which parts fit a document now, `owners` says who may send them, and
`pairs` does what Yjs does where an edit cuts a character in two.
"""
