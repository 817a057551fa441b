"""Reading the `Procfile`: what `web`, `worker` and `clock` are is written there and nowhere else."""

from pathlib import Path


def read(path: Path) -> dict[str, list[str]]:
    """Each process's name and the command that starts it through a shell, which fills in the settings."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, colon, command = line.partition(":")
        if colon and not name.lstrip().startswith("#"):
            found[name.strip()] = ["/bin/sh", "-c", f"exec {command.strip()}"]
    return found
