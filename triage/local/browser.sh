#!/bin/sh
# A Chromium for the browser tests: there already, installed from Debian where this user may, or said aloud to be missing.
# Never fails: without one, the browser tests say that they were skipped (and fail where CI is set).
set -u

for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done

say() { printf '%s\n' "$*" >&2; }
as_root=
if [ "$(id -u)" != 0 ]; then
    as_root="sudo -n"
    if ! $as_root true >/dev/null 2>&1; then
        say "No Chromium, and this user may not install one: THE BROWSER TESTS WILL BE SKIPPED."
        say "Install it with 'apt-get install chromium', or set CHROMIUM to a program that is one."
        exit 0
    fi
fi
if ! command -v apt-get >/dev/null 2>&1; then
    say "No Chromium, and no apt-get to install one: THE BROWSER TESTS WILL BE SKIPPED. Set CHROMIUM to a program that is one."
    exit 0
fi
say "Installing Chromium for the browser tests (the first time only)."
export DEBIAN_FRONTEND=noninteractive
if ! { $as_root apt-get -qq update && $as_root apt-get -qq install -y --no-install-recommends chromium fonts-liberation; } >/dev/null 2>&1 </dev/null; then
    say "Chromium could not be installed: THE BROWSER TESTS WILL BE SKIPPED. 'apt-get install chromium' shows why."
fi
exit 0
