#!/bin/sh
# Generates what is missing in docker/secrets; what is there stays. Prints nothing secret.
set -eu
cd "$(dirname "$0")"

# the folder is closed to others, its files are not: the containers read them under another user number
mkdir -p secrets
chmod 700 secrets

put() {
	[ -e "secrets/$1" ] || { printf '%s' "$2" >"secrets/$1"; chmod 444 "secrets/$1"; }
}
random() {
	od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

for name in database_password redis_password secret_key encryption_keys inference_key admin_password; do
	put "$name" "$(random)"
done
put database_url "postgres://voliere:$(cat secrets/database_password)@db:5432/voliere"
put redis_url "redis://:$(cat secrets/redis_password)@redis:6379/0"
echo "The secrets are in $(pwd)/secrets; the first admin's password is in admin_password."
