"""What podserver is told of each ticketing system of the demo: options of `podserver demo`, and secrets beside them."""

from __future__ import annotations

from emulators.autotask.seed import SECRET as AUTOTASK_SECRET
from emulators.autotask.seed import VENDOR_CODE
from emulators.autotask.store import NORTHGATE
from emulators.halo.store import CLIENT_ID as HALO_CLIENT_ID
from emulators.halo.store import CLIENT_SECRET as HALO_CLIENT_SECRET
from emulators.halo.store import TENANT as HALO_TENANT
from emulators.kaseya_bms.seed import TENANT as BMS_COMPANY
from emulators.kaseya_bms.seed_lists import PASSWORD as BMS_PASSWORD
from emulators.superops.seed import SERVICE, TOKENS
from emulators.superops.store import SUBDOMAIN

CONNECTWISE_PRIVATE_KEY = "demoPrivateKey01"
# Northgate IT made these two up; the other side signs with them.
TAB_SECRET = "demo-halo-tab-secret-0001"
INSIGHT_SECRET = "demo-autotask-insight-secret-0001"


def psa_options(site: str) -> list[str]:
    """The options that connect all five; `site` is the origin that all of them are on."""
    return [
        *("--psa-site", site),
        *("--psa-company", "northgate"),
        *("--psa-public-key", "demoPublicKey01"),
        *("--psa-client-id", "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"),
        *("--halo-resource-server", f"{site}/api"),
        *("--halo-tenant", HALO_TENANT),
        *("--halo-client-id", HALO_CLIENT_ID),
        *("--halo-sign-in", "trusted"),
        *("--autotask-user", NORTHGATE.user),
        *("--autotask-zone", site),
        *("--autotask-insight-signature", "url"),
        *("--kaseya-bms-server", site),
        *("--kaseya-bms-company", BMS_COMPANY),
        *("--kaseya-bms-user", "caller.verify"),
        *("--kaseya-bms-change-phones", "on"),
        *("--superops-region", site),
        *("--superops-subdomain", SUBDOMAIN),
        *("--superops-technician", "verify@northgate.example"),
    ]


def psa_secrets() -> dict[str, str]:
    """The secrets for them, as environment of `podserver demo`."""
    return {
        "PODSERVER_DEMO_PSA_PRIVATE_KEY": CONNECTWISE_PRIVATE_KEY,
        "PODSERVER_DEMO_HALO_CLIENT_SECRET": HALO_CLIENT_SECRET,
        "PODSERVER_DEMO_HALO_TAB_SECRET": TAB_SECRET,
        "PODSERVER_DEMO_AUTOTASK_API_SECRET": AUTOTASK_SECRET,
        "PODSERVER_DEMO_AUTOTASK_TRACKING_IDENTIFIER": VENDOR_CODE,
        "PODSERVER_DEMO_AUTOTASK_INSIGHT_SECRET": INSIGHT_SECRET,
        "PODSERVER_DEMO_KASEYA_BMS_PASSWORD": BMS_PASSWORD,
        "PODSERVER_DEMO_SUPEROPS_TOKEN": TOKENS[SERVICE],
    }
