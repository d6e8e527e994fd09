#!/bin/sh
# Print an access token of NAME@example.com, whose account is made if there is none yet:
#
#     auth="Authorization: Bearer $(examples/sign-in.sh dora)"
#
# It asks the server at COLLAB_URL, or the one that `python app.py` starts. The documentation begins
# with this; a token is good for 15 minutes, so sign in again after that.
set -eu

api=${COLLAB_URL:-http://127.0.0.1:5000}/api/v1
name=${1:?whose account: for example dora}
account="\"email\": \"$name@example.com\", \"password\": \"SecurePassword123!\""

# ask PATH BODY: print the access token of the answer; fail where there is none.
ask() {
  answer=$(curl -sS "$api$1" -H 'Content-Type: application/json' -d "$2") || {
    echo "sign-in: is the server running at ${api%/api/v1}?" >&2
    exit 1
  }
  printf '%s' "$answer" | sed -nE 's/.*"access_token":"([^"]+)".*/\1/p' | grep .
}

ask /auth/login "{$account}" || ask /auth/register "{$account, \"name\": \"$name\"}" || {
  printf 'sign-in: %s\n' "$answer" >&2
  exit 1
}
