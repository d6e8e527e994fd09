"""Where the API begins: the base of its addresses."""

#: What the path of every resource begins with.
BASE_PATH = "/api/v1"
