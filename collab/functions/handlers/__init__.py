"""The functions: each file is one, `handler(event, context)`, and imports nothing of this project.

They run in a process of their own (`jobs/handlers/conversation.py`); the server only reads their
text.
"""
