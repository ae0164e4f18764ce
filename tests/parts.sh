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

if ! { command -v chromium-headless-shell || command -v chrome-headless-shell; } >/dev/null 2>&1 &&
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  # Not needed, but most pages are opened in a third of the time.
  echo "Installing Chromium's headless shell, in which most pages are opened..."
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium-headless-shell >/dev/null 2>&1 ||
    echo "It could not be installed: the whole browser opens them, more slowly."
fi

if command -v npm >/dev/null 2>&1; then
  # Somebody else's Twilio and mail server and a client of Autotask's API, to check that ours are not only our view
  # of them. All in one command: npm takes out what it is not told of.
  if [ ! -d build/stand-ins/node_modules/emulate ] || [ ! -d build/stand-ins/node_modules/maildev ] ||
    [ ! -d build/stand-ins/node_modules/@apigrate/autotask-restapi ]; then
    echo "Installing third parties' stand-ins for Twilio and for a mail server..."
    mkdir -p build/stand-ins
    (cd build/stand-ins && npm install --silent --no-audit --no-fund --no-save emulate@0.11.2 maildev@3.0.0 \
      @apigrate/autotask-restapi@2.0.1 >/dev/null 2>&1) ||
      echo "The stand-ins could not be installed: their tests will be skipped."
  fi
else
  echo "No npm: the tests against third parties' stand-ins will be skipped."
fi

# Somebody else's SuperOps client has an environment of its own: it wants older parts than ours, and of httpx one that
# still takes what it passes on.
superops=build/stand-ins/py-superops
if ! ls -d "$superops"/lib/python*/site-packages/py_superops-0.2.9.dist-info >/dev/null 2>&1; then
  echo "Installing a third party's client for SuperOps..."
  { .venv/bin/python -m venv --clear "$superops" && "$superops/bin/python" -m pip install --quiet \
    --disable-pip-version-check py-superops==0.2.9 httpx==0.27.2; } >/dev/null 2>&1 ||
    echo "The client for SuperOps could not be installed: its tests will be skipped."
fi
