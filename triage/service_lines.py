"""Where in a TOML file each thing was written, so that a mistake can be shown by its line.

tomllib gives values without their lines. This follows tables, array tables and keys well enough to name a
line: text inside strings, arrays and inline tables is passed over, and what is not found has the line of the
nearest thing above.
"""

import re

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")


class Lines:
    """The lines of a TOML file, by table and key, counted from 1."""

    def __init__(self, text: str) -> None:
        self._tables: dict[str, list[int]] = {}
        self._keys: dict[tuple[str, int, str], int] = {}
        self._read(text)

    def table(self, name: str, at: int = 0) -> int:
        """The line of the header of the table, or of the `at`-th array table (from 0), of that name."""
        headers = self._tables.get(name, [])
        if at < len(headers):
            return headers[at]
        return self._keys.get(("", 0, name), headers[-1] if headers else 1)

    def key(self, name: str, at: int, key: str) -> int:
        """The line of a key in that table; the table's own line when the key is not there."""
        return self._keys.get((name, at, key)) or self.table(name, at)

    def top(self, name: str) -> int:
        """The line of whatever stands at the top of the file under that name: a table, an array table or
        a key."""
        return self._keys.get(("", 0, name)) or self.table(name)

    def _read(self, text: str) -> None:
        table, at, open_until = "", 0, _Open()
        for number, line in enumerate(text.splitlines(), start=1):
            if not open_until.inside:
                if header := _HEADER.match(line):
                    table = ".".join(_bare(part) for part in header.group(2).split("."))
                    headers = self._tables.setdefault(table, [])
                    headers.append(number)
                    self._tables.setdefault(table.split(".")[0], headers)
                    at = len(headers) - 1
                    continue
                if key := _KEY.match(line):
                    name = _bare(key.group(1).split(".")[0])
                    self._keys.setdefault((table, at, name), number)
                    line = line[key.end() :]
            open_until.read(line)


class _Open:
    """What a line leaves open: a many-line string, or brackets."""

    def __init__(self) -> None:
        self._quote = ""
        self._depth = 0

    @property
    def inside(self) -> bool:
        return bool(self._quote) or self._depth > 0

    def read(self, line: str) -> None:
        at = 0
        while at < len(line):
            if self._quote:
                if line[at] == "\\" and self._quote[0] == '"':
                    at += 2
                elif line.startswith(self._quote, at):
                    at += len(self._quote)
                    self._quote = ""
                else:
                    at += 1
                continue
            if line[at] == "#":
                break
            if line[at] in "\"'":
                triple = line[at] * 3
                self._quote = triple if line.startswith(triple, at) else line[at]
                at += len(self._quote)
                continue
            self._depth += (line[at] in "[{") - (line[at] in "]}")
            at += 1
        if len(self._quote) == 1:
            self._quote = ""


def _bare(name: str) -> str:
    return name.strip().strip("\"'")
