#!/bin/sh
# Installs the parts that the tests use besides Python, where it can; what is missing is named and its tests skip.
set -u

chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

if ! chromium >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests..."
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } >/dev/null 2>&1 ||
      echo "Chromium could not be installed."
  fi
  chromium >/dev/null 2>&1 || echo "No Chromium: the browser tests will be skipped."
fi

if command -v npm >/dev/null 2>&1; then
  # Somebody else's Twilio, to check that ours is not only our view of it.
  if [ ! -d build/stand-ins/node_modules/emulate ]; then
    echo "Installing a third party's Twilio stand-in..."
    mkdir -p build/stand-ins
    (cd build/stand-ins && npm install --silent --no-audit --no-fund --no-save emulate@0.11.2 >/dev/null 2>&1) ||
      echo "The stand-in could not be installed: its tests will be skipped."
  fi
else
  echo "No npm: the tests against a third party's Twilio will be skipped."
fi
