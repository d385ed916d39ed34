#!/bin/sh
# Builds honest.wasm anew, after a change of honest.js or of the contract. It needs Node.js 20 or later; the tests load the
# file as it stands in this folder, and need none.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/wit/deps"
cp world.wit "$work/wit/"
cp -r ../../../../wit "$work/wit/deps/plugin"
npm install --silent --prefix "$work" componentize-qjs@0.4.5
"$work/node_modules/.bin/componentize-qjs" --wit "$work/wit" --world honest --js honest.js --sync --opt-size --minify \
  --output honest.wasm
