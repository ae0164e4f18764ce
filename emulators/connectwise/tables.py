"""Every kind of record the emulator knows, by name."""

from __future__ import annotations

from emulators.connectwise.schema import Table
from emulators.connectwise.schema_company import COMPANY_TABLES
from emulators.connectwise.schema_service import SERVICE_TABLES
from emulators.connectwise.schema_system import SYSTEM_TABLES

TABLES: dict[str, Table] = {table.name: table for table in (*COMPANY_TABLES, *SERVICE_TABLES, *SYSTEM_TABLES)}
