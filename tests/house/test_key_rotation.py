"""Secret keys rotate: old data opens, new data uses the new key, and after a reseal the old key is not needed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from parts import environment_of
from seeds import Seeds
from sqlalchemy import select

from podserver.accounts.models import Tenant
from podserver.application import create_app
from podserver.configuration import read_settings
from podserver.database import db
from podserver.security import rotation, sealing
from podserver.security.pod_token import BadToken, read


def test_a_new_key_takes_over_without_losing_anything(tmp_path: Path, database_url: str) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()

    def app_with(keys: str) -> Flask:
        return create_app(read_settings(environment_of(tmp_path, database_url, PODSERVER_SECRET_KEYS=keys)))

    with app_with(old).app_context():
        seeds = Seeds(db.session())
        seeds.everything()
        hash_key = seeds.tenant.hash_key
        token = seeds.token()
        db.session.remove()
        db.engine.dispose()
    with app_with(f"{new},{old}").app_context():
        assert db.session.scalar(select(Tenant.hash_key)) == hash_key
        read(token, datetime.now(UTC))
        assert rotation.reseal(db.engine, sealing.keyring()) >= 6
        db.session.remove()
        db.engine.dispose()
    with app_with(new).app_context():
        assert db.session.scalar(select(Tenant.hash_key)) == hash_key
        with pytest.raises(BadToken):
            read(token, datetime.now(UTC))
        db.session.remove()
        db.engine.dispose()


def test_a_key_that_does_not_fit_changes_nothing(tmp_path: Path, database_url: str) -> None:
    old, other = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    with create_app(read_settings(environment_of(tmp_path, database_url, PODSERVER_SECRET_KEYS=old))).app_context():
        Seeds(db.session())
        db.session.remove()
        with pytest.raises(sealing.SealBroken):
            rotation.reseal(db.engine, sealing.Keyring((other,)))
        assert db.session.scalar(select(Tenant.name)) == "Northgate IT"
        db.session.remove()
        db.engine.dispose()
