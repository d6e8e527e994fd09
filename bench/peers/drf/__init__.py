"""The Django REST framework service that `bench.tasks` compares with: users and their tasks.

It does what an ordinary one does: a token is verified (simplejwt), the user looked up, their tasks
read by keyset (CursorPagination, so that nothing is counted), and a ModelSerializer writes the
answer. Connections are kept, and SQLite is opened as the other side does. Registering skips the
password hash, for only the list is timed.
"""
