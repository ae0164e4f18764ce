"""Who calls, and what his role lets him do: a token acts with its technician's role, nothing more."""

from __future__ import annotations

from typing import Any

from emulators.superops.assumptions import FEATURES, RIGHTS
from emulators.superops.errors import ClientError
from emulators.superops.faults import Faults
from emulators.superops.store import Store

Record = dict[str, Any]


def features_of(role: Record, faults: Faults) -> dict[str, list[str]]:
    """The role's rights, feature -> operations, less those that a fault takes from everyone."""
    missing = faults.names("missing_rights")
    return {
        key: [operation for operation in operations if f"{key}.{operation}" not in missing]
        for key, operations in role["features"].items()
    }


def demand(operation: str, technician: Record, store: Store, faults: Faults) -> None:
    """Raise `forbidden` where the technician's role lacks what the operation asks for."""
    needed = RIGHTS.get(operation)
    if needed is None:
        return
    role = store.get("roles", technician["roleId"])
    if role is None or needed[1] not in features_of(role, faults).get(needed[0], []):
        raise ClientError("forbidden")


def role_record(role: Record, faults: Faults) -> Record:
    """A `Role` with its features on paper."""
    listed = [
        {
            "feature": {"featureId": str(100 + index), "name": FEATURES[key][0], "key": key},
            "operationList": [
                {"operationId": f"{100 + index}{place}", "name": name} for place, name in enumerate(names)
            ],
        }
        for index, (key, names) in enumerate(features_of(role, faults).items())
    ]
    return {
        "roleId": role["roleId"],
        "name": role["name"],
        "description": role["description"],
        "roleType": {"roleTypeId": "1", "name": "Technician"},
        "roleFeatureList": listed,
    }
