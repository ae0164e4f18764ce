"""The tenants and people an emulator starts with: the MSP, two customers, and a stranger.

Their mail addresses are those of the contacts in the demo ConnectWise, and each person shows one trouble of the push.
"""

from __future__ import annotations

from emulators.entra.account import HARBOR_TENANT, LARKFIELD_TENANT, NORTHGATE_TENANT, STRANGER_TENANT
from emulators.entra.people import User

# tenant id, organisation, domain, has Entra ID P1
TENANTS = [
    (NORTHGATE_TENANT, "Northgate IT", "northgate.example", True),
    (LARKFIELD_TENANT, "Larkfield Dental", "larkfield.example", True),
    (HARBOR_TENANT, "Harbor Legal", "harborlegal.example", False),
    (STRANGER_TENANT, "Elsewhere Ltd", "elsewhere.example", False),
]

USERS = [
    User(NORTHGATE_TENANT, "sam@northgate.example", "Sam", "Okafor", "sam@northgate.example", "Technician"),
    User(NORTHGATE_TENANT, "priya@northgate.example", "Priya", "Nair", "priya@northgate.example", "Technician"),
    User(NORTHGATE_TENANT, "lena@northgate.example", "Lena", "Hartmann", "lena@northgate.example", enabled=False),
    User(STRANGER_TENANT, "visitor@elsewhere.example", "Visitor", "", "visitor@elsewhere.example"),
    # All is well.
    User(
        LARKFIELD_TENANT,
        "dana@larkfield.example",
        "Dana",
        "Whitfield",
        "dana@larkfield.example",
        "Practice manager",
        mobile="+1 2025550142",
        office="+1 2025550177",
        authenticator="iPhone 15",
        preferred="push",
    ),
    # Has the app, but the default is a texted code.
    User(
        LARKFIELD_TENANT,
        "marcus@larkfield.example",
        "Marcus",
        "Reyes",
        "marcus@larkfield.example",
        "Hygienist",
        mobile="+1 2025550118",
        authenticator="Pixel 8",
        preferred="sms",
    ),
    # No Authenticator, no default.
    User(
        LARKFIELD_TENANT,
        "ingrid@larkfield.example",
        "Ingrid",
        "Solberg",
        "ingrid@larkfield.example",
        "Front desk",
        office="+1 2025550150",
    ),
    # The mail address is not the sign-in name.
    User(
        LARKFIELD_TENANT,
        "t.brandt@larkfield.example",
        "Theo",
        "Brandt",
        "theo@larkfield.example",
        "Front desk",
        mobile="+1 2025550119",
        authenticator="Galaxy S23",
        preferred="push",
        aliases=("theo.brandt@larkfield.example",),
    ),
    # Blocked by the administrator.
    User(
        HARBOR_TENANT,
        "amara@harborlegal.example",
        "Amara",
        "Diallo",
        "amara@harborlegal.example",
        "Partner",
        mobile="+1 2025550123",
        authenticator="iPhone 13",
        preferred="push",
        enabled=False,
    ),
    # A guest: at home in another tenant.
    User(
        HARBOR_TENANT,
        "felix_harborlegal.example#EXT#@harborlegal.example",
        "Felix",
        "Grant",
        "felix@harborlegal.example",
        "Paralegal",
        authenticator="Pixel 6",
        preferred="push",
        guest=True,
    ),
    # Another sign-in's prompt is always open on this phone: DEFAULT_RESULTS.
    User(
        HARBOR_TENANT,
        "wei@harborlegal.example",
        "Wei",
        "Lin",
        "wei@harborlegal.example",
        "Office manager",
        mobile="+1 2025550124",
        office="+1 2025550134",
        authenticator="iPhone 14",
        preferred="push",
    ),
]

# What the push service answers for these people until a fault says otherwise.
DEFAULT_RESULTS = {"wei@harborlegal.example": "UserAuthFailedDuplicateRequest"}
