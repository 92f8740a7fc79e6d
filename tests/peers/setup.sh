#!/usr/bin/env bash
# Installs the foreign servers that the slow tests run against, under build/peers (ignored by git).
# Their tests skip where this has not run. Needs python3 with venv, node 18+ with npm, and Debian's
# redis-server and nginx. Running it twice is quick.
set -euo pipefail
cd "$(dirname "$0")/../.."
peers=build/peers
mark="$peers/.installed"
wanted="$(sha256sum "tests/peers/setup.sh" | cut -d' ' -f1)"

for tool in python3 node npm redis-server; do
	command -v "$tool" >/dev/null 2>&1 || { echo "tests/peers: $tool is missing (Debian: apt install python3-venv nodejs npm redis-server nginx)" >&2; exit 1; }
done
command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || { echo "tests/peers: nginx is missing (Debian: apt install nginx)" >&2; exit 1; }

if [ "$(cat "$mark" 2>/dev/null || true)" = "$wanted" ]; then
	exit 0
fi
mkdir -p "$peers/node"

# Telegram, webhook mode: telemelya keeps its state in Redis and its media in an S3 (moto).
[ -x "$peers/venv/bin/python" ] || python3 -m venv "$peers/venv"
"$peers/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
	telemelya==0.2.2 'moto[s3]==5.1.18' flask==3.1.3 flask-cors==6.0.5

# Telegram, long polling: a message store to which tests/peers/telegram_api.js adds routes.
[ -f "$peers/node/package.json" ] || echo '{"private": true}' >"$peers/node/package.json"
npm install --prefix "$peers/node" --no-package-lock --no-audit --no-fund --loglevel=error \
	@vishtar/telegram-test-api@4.2.3

echo "$wanted" >"$mark"
