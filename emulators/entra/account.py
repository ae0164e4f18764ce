"""What this emulator knows by name: tenants, applications, resources and permissions, all invented but Microsoft's own.

The application ids of Microsoft Graph and of the two parts of the push service are Microsoft's (push-and-login fact
sheet 3.2); everything else here is made up.
"""

from __future__ import annotations

# The MSP's own multi-tenant application: sign-in, admin consent, Graph.
CLIENT_ID = "5b0c1f7e-2d34-4a58-9c61-0e4b7d9a1001"
CLIENT_SECRET = "demo-entra-secret-0001"
CLIENT_NAME = "Northgate caller check"

NORTHGATE_TENANT = "3d1e6a90-51c7-4f0b-8a2e-6c94b7f00001"
LARKFIELD_TENANT = "8f2b4c1d-7a35-4e69-b0d8-15c3e9a00002"
HARBOR_TENANT = "c64d9e27-0b18-4d72-9f3a-72e1d5b00003"
STRANGER_TENANT = "e90a7b53-36f4-4c8e-a1d5-4b0f8c200004"

PUSH_CLIENT_ID = "981f26a1-7f43-403b-a875-f8b09b8cd720"
PUSH_CONNECTOR_ID = "1f5530b3-261a-47a9-b357-ded261e17918"
GRAPH_ID = "00000003-0000-0000-c000-000000000000"

APPLICATION_NAMES = {
    CLIENT_ID: CLIENT_NAME,
    PUSH_CLIENT_ID: "Azure Multi-Factor Auth Client",
    PUSH_CONNECTOR_ID: "Azure Multi-Factor Auth Connector",
    GRAPH_ID: "Microsoft Graph",
}

GRAPH_RESOURCE = "https://graph.microsoft.com"
# The same string whichever host is called (fact sheet 3.4).
PUSH_RESOURCE = "https://adnotifications.windowsazure.com/StrongAuthenticationService.svc/Connector"
RESOURCES = {GRAPH_RESOURCE: GRAPH_ID, PUSH_RESOURCE: PUSH_CONNECTOR_ID}

# What the registration asks for; the report and the writing of principals are steps further (fact sheet 4.2).
BASE_PERMISSIONS = ("User.Read.All", "UserAuthenticationMethod.Read.All")
REPORT_PERMISSION = "AuditLog.Read.All"
PERMISSIONS = frozenset(
    {
        *BASE_PERMISSIONS,
        REPORT_PERMISSION,
        "Application.Read.All",
        "Application.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "Organization.Read.All",
        "User.ReadWrite.All",
        "UserAuthenticationMethod.ReadWrite.All",
    }
)
