"""The databases that can hold the store: what differs between them stands in here alone.

`sqlite.py` is a file for one worker; `postgres.py` a server for any number of them, on any number
of machines. Both have the same tables and understand the same statements, but for what the face
in `../store.py` names: how ids are noted, events written, rows streamed and locks taken.
"""
