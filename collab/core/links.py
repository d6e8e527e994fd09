"""Where the API begins: what its addresses are made of."""

#: What the path of every resource begins with.
BASE_PATH = "/api/v1"
