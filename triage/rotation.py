"""Sealing everything again with the current key, so that an older one can be taken out of FIELD_KEYS.

Works while the service runs, a few hundred rows a transaction, and may be stopped and started again at any point.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.orm import Session

from triage.db import Database
from triage.sealing import CannotOpen, ring, sealed_fields
from triage.tables import Base

AT_ONCE: Final = 200


@dataclass
class Progress:
    """How far it is: rows sealed again, and those that no key of ours opens (`closed`, left as they are)."""

    total: int
    done: int = 0
    closed: int = 0


def rotate(database: Database) -> Iterator[Progress]:
    """Seal again what an older key sealed, with its indexes; yields after every transaction."""
    models = [mapper.class_ for mapper in Base.registry.mappers if sealed_fields(mapper.class_)]
    with database.reading() as db:
        counts = [db.scalar(select(func.count()).select_from(model).where(_older(model))) or 0 for model in models]
    progress = Progress(sum(counts))
    yield progress
    for model in sorted(models, key=lambda model: str(model.__tablename__)):
        after: tuple[Any, ...] | None = None
        while True:
            with database.transaction() as db:
                rows = _next(db, model, after)
                for row in rows:
                    _again(row, progress)
            if not rows:
                break
            after = tuple(getattr(rows[-1], column.key) for column in model.__mapper__.primary_key)
            yield progress


def _older(model: Any) -> ColumnElement[bool]:
    stored = [getattr(model, field.stored) for field in sealed_fields(model).values()]
    current = f"{ring().current.id}."
    return or_(*(column.is_not(None) & ~column.startswith(current, autoescape=True) for column in stored))


def _next(db: Session, model: Any, after: tuple[Any, ...] | None) -> list[Any]:
    key = model.__mapper__.primary_key
    query = select(model).where(_older(model)).order_by(*key).limit(AT_ONCE).with_for_update(of=model)
    if after is not None:
        query = query.where(tuple_(*key) > after)
    return list(db.scalars(query))


def _again(row: Any, progress: Progress) -> None:
    try:
        for field in sealed_fields(type(row)).values():
            field.again(row)
        progress.done += 1
    except CannotOpen:
        progress.closed += 1
