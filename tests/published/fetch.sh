#!/bin/sh
# Fetches what others publish, each at one commit, into build/published, where tests/published reads it.
set -u
export GIT_TERMINAL_PROMPT=0
home=$PWD

# fetch FOLDER REPOSITORY COMMIT PATH...: only the files below these paths.
fetch() {
  name=$1 repository=$2 commit=$3 folder=build/published/$1
  shift 3
  [ "$(git --git-dir="$folder/.git" rev-parse --verify --quiet HEAD 2>/dev/null)" = "$commit" ] && return
  echo "Fetching $repository at $(echo "$commit" | cut -c1-7)..."
  rm -rf "$folder"
  # A server may refuse to hand out a commit by its name alone; then all branches are fetched.
  { git init --quiet "$folder" && cd "$folder" &&
    git remote add origin "https://github.com/$repository.git" &&
    git config remote.origin.promisor true && git config remote.origin.partialclonefilter blob:none &&
    git sparse-checkout set --no-cone "$@" &&
    { git fetch --quiet --depth 1 origin "$commit" || git fetch --quiet origin; } &&
    git -c advice.detachedHead=false checkout --quiet "$commit" && cd "$home"; } 2>"build/published/$name.log" && return
  echo "$repository could not be fetched: GitHub cannot be reached, or no longer has that commit. Git said:"
  sed 's/^/  /' "$home/build/published/$name.log"
  exit 1
}

command -v git >/dev/null 2>&1 || { echo "git is missing, with which the published descriptions are fetched."; exit 1; }
mkdir -p build/published
# A vendor's own description of Kaseya BMS, and two clients for SuperOps that were mended against live tenants.
fetch kaseya api-evangelist/kaseya c6f98c239110f92f13f686c8368d9f52b5c440fe \
  openapi/kaseya-bms-openapi-original.json
fetch rpmc-superops-mcp RPMC-Marco/rpmc-superops-mcp 2b423a91fdec355be90092fae16b8f89766d7c6c \
  src package.json
fetch superops-mcp limehawk/superops-mcp ae6a2d86cc3f8bafaa9d1be8edf47a738fa02421 \
  packages/msp source-docs

generator=build/published/openapi-python-client
if ! ls -d "$generator"/lib/python*/site-packages/openapi_python_client-0.29.1.dist-info >/dev/null 2>&1; then
  echo "Installing a generator of clients..."
  { .venv/bin/python -m venv --clear "$generator" && "$generator/bin/python" -m pip install --quiet \
    --disable-pip-version-check openapi-python-client==0.29.1; } >/dev/null 2>&1 ||
    echo "The generator could not be installed: its test will be skipped."
fi

if ! command -v npm >/dev/null 2>&1; then
  echo "No npm: the tests with clients in TypeScript will be skipped."
elif [ ! -x build/published/node_modules/.bin/esbuild ]; then
  echo "Installing a compiler for TypeScript..."
  (cd build/published && npm install --silent --no-audit --no-fund --no-save esbuild@0.28.2 zod@4.4.3 >/dev/null 2>&1) ||
    echo "The compiler could not be installed: its tests will be skipped."
fi
