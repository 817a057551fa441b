"""Fields that only this service can read: names, numbers, addresses, notes and words are sealed before they are stored.

A sealed value is `KEY_ID.BASE64` of a nonce and AES-256-GCM, with table, column and row bound in: copied to another row
or column it does not open. What must be found again by value has a keyed hash beside it (a blind index). The keys come
from FIELD_KEYS, first one current, and are in no database and no backup. Each given key is stretched into two with
HKDF, one to seal and one to index, so that it may be written in any form.
"""

import base64
import hmac
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from typing import Any, Final, Generic, Self, TypeVar, cast, overload

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Table, inspect
from sqlalchemy.orm import Mapper

T = TypeVar("T")
NONCE_BYTES: Final = 12  # NIST SP 800-38D: random 96-bit nonces, far below 2^32 values a key for a service this size
INDEX_DIGITS: Final = 32  # 128 bits of the keyed hash: enough that two numbers never meet


class CannotOpen(Exception):
    """A sealed value that does not open: its key is gone from FIELD_KEYS, or it was changed or moved. Names where."""


@dataclass(frozen=True)
class Key:
    """One key of FIELD_KEYS, by the id that stands in every value it sealed."""

    id: str
    secret: bytes

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(self._stretched(b"seal"))

    @cached_property
    def _index_key(self) -> bytes:
        return self._stretched(b"index")

    def _stretched(self, purpose: bytes) -> bytes:
        return HKDF(SHA256(), 32, salt=None, info=b"nowrongdoor " + purpose).derive(self.secret)

    def seal(self, value: str, place: str) -> str:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, value.encode(), place.encode())
        return f"{self.id}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: bytes, place: str) -> str:
        return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode()).decode()

    def index(self, kind: str, value: str) -> str:
        return hmac.new(self._index_key, f"{kind}\0{value}".encode(), sha256).hexdigest()[:INDEX_DIGITS]


class Keyring:
    """The keys of this process. The first seals; every one opens."""

    def __init__(self, keys: Sequence[Key]):
        self._keys = {key.id: key for key in reversed(keys)}
        self.current = keys[0]
        self._all = tuple(keys)

    @classmethod
    def parsed(cls, field_keys: str) -> Self:
        """From the setting: `ID:KEY` or KEY alone, divided by commas. A key without an id is called by its hash."""
        keys = []
        for part in filter(None, (part.strip() for part in field_keys.split(","))):
            name, _, secret = part.rpartition(":")
            keys.append(Key(name.strip() or sha256(secret.encode()).hexdigest()[:8], secret.encode()))
        return cls(keys)

    def seal(self, value: str, place: str) -> str:
        """`value` sealed for `place` (see `place_of`) with the current key."""
        return self.current.seal(value, place)

    def open(self, sealed: str, place: str) -> str:
        """What was sealed for `place`. Raises CannotOpen."""
        key_id, _, body = sealed.rpartition(".")
        key = self._keys.get(key_id)
        where = place.replace("\0", " ")
        if key is None:
            raise CannotOpen(f"{where} is sealed with key {key_id[:20]!r}, which FIELD_KEYS does not have.")
        try:
            return key.open(base64.urlsafe_b64decode(body), place)
        except (InvalidTag, ValueError):
            raise CannotOpen(f"{where} does not open: it was changed, or belongs elsewhere.") from None

    def is_current(self, sealed: str) -> bool:
        return sealed.startswith(f"{self.current.id}.")

    def index(self, kind: str, value: str) -> str:
        """The keyed hash to store beside a value, so that equal values of one `kind` can be found."""
        return self.current.index(kind, value)

    def indexes(self, kind: str, value: str) -> list[str]:
        """What to look for: the hash under every key, because older rows keep theirs until keys are rotated."""
        return [key.index(kind, value) for key in self._all]


_ring: Keyring | None = None


def use(field_keys: str) -> None:
    """Take the keys of the setting FIELD_KEYS for this process."""
    global _ring  # a column has no other way to its keys; set once, when the process starts
    _ring = Keyring.parsed(field_keys)


def ring() -> Keyring:
    """The keys of this process. Raises RuntimeError when it never took any."""
    if _ring is None:
        raise RuntimeError("no field keys: sealing.use(FIELD_KEYS) comes first")
    return _ring


def place_of(table: str, column: str, row: str) -> str:
    """The place a value is sealed for. `row` is the primary key; a key of several columns is joined by commas."""
    return f"{table}\0{column}\0{row}"


def tail_of(number: str) -> str:
    """The end of a number that stays visible on screens: its last three digits."""
    return number[-3:]


def run_of(number: str) -> str:
    """The hundred numbers a number lies in: all of it but its last two digits."""
    return number[:-2]


@dataclass(frozen=True)
class BlindIndex:
    """A blind index beside a sealed field: the attribute that holds it, and what of the value is hashed."""

    attribute: str
    kind: str
    part: Callable[[str], str] = str


class Sealed(Generic[T]):
    """An attribute of a row: text (or, with `as_json`, anything JSON can say) in Python, sealed in its column.

    `stored` is the mapped attribute that holds the sealed text. Setting it also sets its indexes. It cannot be part of
    a query: look for `ring().indexes(...)` in an index instead. A primary key that has no default must be set first.
    """

    def __init__(self, stored: str, indexes: Sequence[BlindIndex] = (), *, as_json: bool = False):
        self.stored = stored
        self.indexes = tuple(indexes)
        self.as_json = as_json

    @overload
    def __get__(self, row: None, model: type) -> Self: ...
    @overload
    def __get__(self, row: object, model: type) -> T: ...
    def __get__(self, row: object | None, model: type) -> Self | T:
        if row is None:
            return self
        sealed = getattr(row, self.stored)
        if sealed is None:
            return cast(T, None)
        value = ring().open(sealed, self.place(row))
        return cast(T, json.loads(value) if self.as_json else value)

    def __set__(self, row: object, value: T) -> None:
        if value is None:
            setattr(row, self.stored, None)
        elif getattr(row, self.stored) is None or self.__get__(row, type(row)) != value:
            text = json.dumps(value) if self.as_json else str(value)
            setattr(row, self.stored, ring().seal(text, self.place(row)))
        self._index(row, None if value is None else str(value))

    def __eq__(self, other: object) -> bool:
        raise TypeError(f"{self.stored} is sealed: no query can compare it. Look for ring().indexes(...) in its index.")

    __hash__ = object.__hash__

    def place(self, row: object) -> str:
        """Where this row's value is sealed for."""
        model: Any = type(row)
        mapped = _mapped(model)
        return place_of(mapped.table, mapped.columns[self.stored], ",".join(_key_of(row, mapped.keys)))

    def again(self, row: object) -> bool:
        """Seal with the current key what an older one sealed; says whether there was anything to do."""
        sealed = getattr(row, self.stored)
        if sealed is None or ring().is_current(sealed):
            return False
        value = ring().open(sealed, self.place(row))
        setattr(row, self.stored, ring().seal(value, self.place(row)))
        self._index(row, value)
        return True

    def _index(self, row: object, value: str | None) -> None:
        for index in self.indexes:
            setattr(row, index.attribute, None if value is None else ring().index(index.kind, index.part(value)))


@dataclass(frozen=True)
class _Mapped:
    table: str
    columns: dict[str, str]
    keys: dict[str, Any]  # attribute: how to make one, or None


@cache
def _mapped(model: Any) -> _Mapped:
    mapper: Mapper[Any] = inspect(model)
    columns = {attribute.key: attribute.columns[0].name for attribute in mapper.column_attrs}
    keys = {mapper.get_property_by_column(column).key: column.default for column in mapper.primary_key}
    return _Mapped(cast(Table, mapper.local_table).name, columns, keys)


def _key_of(row: object, keys: dict[str, Any]) -> list[str]:
    parts = []
    for name, default in keys.items():
        if getattr(row, name) is None:
            if default is None or not default.is_callable:
                raise ValueError(f"{type(row).__name__}.{name} must be set before what is sealed for this row")
            setattr(row, name, default.arg(None))
        parts.append(str(getattr(row, name)))
    return parts


def columns(model: Any, key: str, **values: str | None) -> dict[str, str | None]:
    """What the columns of a row with this primary key hold for these sealed values: for statements without a row."""
    held: dict[str, str | None] = {}
    mapped = _mapped(model)
    for name, value in values.items():
        field = sealed_fields(model)[name]
        column = mapped.columns[field.stored]
        held[column] = None if value is None else ring().seal(value, place_of(mapped.table, column, key))
        for index in field.indexes:
            held[mapped.columns[index.attribute]] = (
                None if value is None else ring().index(index.kind, index.part(value))
            )
    return held


def sealed_fields(model: type) -> dict[str, Sealed[Any]]:
    """The sealed attributes of a model, by name."""
    return {name: field for name, field in vars(model).items() if isinstance(field, Sealed)}
