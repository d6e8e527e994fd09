"""The one thread that changes texts, and what it keeps."""
