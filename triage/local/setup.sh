#!/bin/sh
# Makes .venv ready for `make run` (runtime) or `make test` (test), and does nothing when it already is.
# What is installed is exactly what the lock says, checked by hash. Exit 4: a tool is missing, 5: a folder cannot be written.
set -eu

want=${1:?runtime or test}
venv=.venv
lock=requirements.lock
[ "$want" = test ] && lock=requirements-test.lock
here=$(pwd -P)

say() { printf '%s\n' "$*" >&2; }
recent_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

# A stamp is a copy of what was installed, so a changed lock is noticed whatever the file dates say.
made_here() { [ -f "$venv/.made-in" ] && [ "$(cat "$venv/.made-in")" = "$here" ] && [ -x "$venv/bin/python" ]; }
somebodys_own() { ! [ -f "$venv/.made-in" ] && recent_enough "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; }
installed() { cmp -s "$lock" "$venv/.lock-$want"; }
project_installed() { cmp -s pyproject.toml "$venv/.pyproject" && [ -x "$venv/bin/nowrongdoor" ]; }

if made_here && installed && project_installed; then
    exit 0
fi

if ! [ -w . ]; then
    say "This folder cannot be written: $here. Copy the project to a folder of your own and run again there."
    exit 5
fi

if somebodys_own; then
    printf '%s\n' "$here" > "$venv/.made-in"
fi

if [ -d "$venv" ] && ! made_here; then
    say "The virtual environment belongs to another folder or another Python: making it again."
    rm -rf "$venv"
fi

if ! [ -d "$venv" ]; then
    python=
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if recent_enough "$candidate"; then python=$candidate; break; fi
    done
    if [ -z "$python" ]; then
        say "Python 3.11 or newer is needed and none was found: install it, or name it as in 'make run PYTHON=/path/to/python3.11'."
        exit 4
    fi
    if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        say "This Python has no venv module: install it (Debian and Ubuntu: 'apt install python3-venv'), then run again."
        exit 4
    fi
    say "Making a virtual environment with $("$python" --version)."
    "$python" -m venv "$venv"
    printf '%s\n' "$here" > "$venv/.made-in"
fi

# --no-deps: the lock already names every package. --no-compile: first use compiles what is really used.
pip="$venv/bin/python -m pip --disable-pip-version-check -qq --no-input"
if ! installed; then
    say "Installing $(grep -c '^[a-z].*==' "$lock") Python packages from $lock (the first time only; a minute or so)."
    $pip install --no-deps --no-compile --require-hashes -r "$lock"
    cp "$lock" "$venv/.lock-$want"
    if [ "$want" = test ]; then cp requirements.lock "$venv/.lock-runtime"; fi
fi
if ! project_installed; then
    $pip install --no-deps --no-compile --no-index --no-build-isolation -e .
    cp pyproject.toml "$venv/.pyproject"
fi
