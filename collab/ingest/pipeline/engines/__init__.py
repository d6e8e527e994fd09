"""The databases that can hold the store: what differs between them is only in here.

`sqlite.py` is a file for one worker; `postgres.py` is a server for any number of workers, on any
number of machines. Both have the same tables and understand the same statements, except for what
the interface in `face.py` names: how ids are noted, events written, rows streamed and locks taken.
"""
