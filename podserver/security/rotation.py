"""Sealing everything stored anew under the newest secret key, so that an old key can be taken out of use."""

from __future__ import annotations

from sqlalchemy import Engine, Text, bindparam, select, type_coerce, update

from podserver.database import Base
from podserver.security.sealing import Keyring, SealedFields, SealedText


def reseal(engine: Engine, keyring: Keyring) -> int:
    """Reseal every sealed column of every tenant; return how many values. Raises SealBroken and changes nothing then.

    It works on bare tables, over a connection of its own: a session would open the values, and one tenant's only.
    """
    count = 0
    with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            keys = list(table.primary_key.columns)
            for column in (c for c in table.columns if isinstance(c.type, SealedText | SealedFields)):
                sealed = type_coerce(column, Text).label("sealed")
                rows = connection.execute(select(*keys, sealed).where(column.is_not(None))).all()
                fresh = [
                    {**{f"key_{key.name}": row[n] for n, key in enumerate(keys)}, "fresh": keyring.reseal(row.sealed)}
                    for row in rows
                ]
                if fresh:
                    matches = [key == bindparam(f"key_{key.name}") for key in keys]
                    value = type_coerce(bindparam("fresh"), Text)
                    connection.execute(update(table).where(*matches).values({column.name: value}), fresh)
                count += len(fresh)
    return count
