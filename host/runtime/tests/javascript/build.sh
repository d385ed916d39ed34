#!/bin/sh
# Builds the guests in JavaScript anew, after a change of theirs or of the contract. It needs Node.js 20 or later; the tests
# load the files as they stand in this folder, and need none.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/wit/deps"
cp world.wit "$work/wit/"
cp -r ../../../../wit "$work/wit/deps/plugin"
npm install --silent --prefix "$work" componentize-qjs@0.4.5
for guest in honest envoy; do
  "$work/node_modules/.bin/componentize-qjs" --wit "$work/wit" --world "$guest" --js "$guest.js" --sync --opt-size --minify \
    --output "$guest.wasm"
done
