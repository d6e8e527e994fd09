"""The Django REST framework service that `bench.rest` compares with.

It does what an ordinary one does, and what ours does for the same requests: a token is verified
(simplejwt), its session and user are looked up in one query, rows are read by keyset
(CursorPagination, so that nothing is counted), serializers write the answer, a change and its
events are one transaction. Connections are kept, and SQLite is opened as the other side does.
Registering skips the password hash, for it is not timed.
"""
