#!/bin/sh
# Makes the secrets of compose.yaml that are not there yet, beside this file, in secrets/.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
chmod 0700 secrets

# 32 random bytes, as 64 characters.
random() {
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

# keep NAME: what it reads becomes the secret NAME, unless there is one. Containers read it as users of their own.
keep() {
  [ -s "secrets/$1" ] || {
    cat >"secrets/$1.draft"
    chmod 0444 "secrets/$1.draft"
    mv "secrets/$1.draft" "secrets/$1"
  }
}

random | keep postgres_password
random | keep metrics_token
random | keep grafana_password
printf 'postgresql+psycopg://collab:%s@postgres:5432/collab' "$(cat secrets/postgres_password)" | keep database_url
