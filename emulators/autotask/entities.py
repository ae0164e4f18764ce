"""The entities of this stand-in, with fields, lengths and verbs as the public schema and its readers give them."""

from __future__ import annotations

from emulators.autotask.schema import (
    EVERYTHING,
    UPDATES,
    Entity,
    Field,
    UserDefinedField,
    flag,
    moment,
    number,
    pick,
    ref,
    text,
)

_STAMPED = {"read_only": True}

TICKETS = Entity(
    "Tickets",
    "Ticket",
    (
        text("ticketNumber", 50, read_only=True),
        text("title", 255, required=True),
        text("description", 8000),
        ref("companyID", "Companies", required=True),
        number("companyLocationID"),
        ref("contactID", "Contacts"),
        pick("status", "ticketStatus", required=True),
        pick("priority", "ticketPriority", required=True),
        pick("queueID", "queue"),
        ref("ticketCategory", "TicketCategories"),
        pick("ticketType", "ticketType"),
        pick("issueType", "issueType"),
        pick("subIssueType", "subIssueType", parent="issueType"),
        pick("source", "ticketSource"),
        ref("assignedResourceID", "Resources"),
        ref("assignedResourceRoleID", "Roles"),
        moment("dueDateTime"),
        Field("estimatedHours", "decimal"),
        text("resolution", 32000),
        text("externalID", 50),
        moment("createDate", **_STAMPED),
        ref("creatorResourceID", "Resources", **_STAMPED),
        number("creatorType", **_STAMPED),
        moment("lastActivityDate", **_STAMPED),
        number("lastActivityPersonType", **_STAMPED),
        ref("lastActivityResourceID", "Resources", **_STAMPED),
        moment("lastTrackedModificationDateTime", **_STAMPED),
        moment("completedDate", **_STAMPED),
        ref("completedByResourceID", "Resources", **_STAMPED),
        number("apiVendorID", **_STAMPED),
        ref("impersonatorCreatorResourceID", "Resources", **_STAMPED),
    ),
    writes=EVERYTHING,
    udfs=(UserDefinedField("Verified caller", description="When the caller was last verified"),),
    webhooks=True,
)

TICKET_NOTES = Entity(
    "TicketNotes",
    "TicketNote",
    (
        ref("ticketID", "Tickets", create_only=True),
        text("title", 250),
        text("description", 32000, required=True),
        pick("noteType", "noteType", required=True),
        pick("publish", "publish", required=True),
        moment("createDateTime", **_STAMPED),
        ref("creatorResourceID", "Resources", **_STAMPED),
        ref("createdByContactID", "Contacts", create_only=True),
        moment("lastActivityDate", **_STAMPED),
        ref("impersonatorCreatorResourceID", "Resources", **_STAMPED),
        ref("impersonatorUpdaterResourceID", "Resources", **_STAMPED),
    ),
    parent="Tickets",
    branch="Notes",
    link="ticketID",
    child_writes=EVERYTHING,
    webhooks=True,
)

CONTACTS = Entity(
    "Contacts",
    "Contact",
    (
        ref("companyID", "Companies", create_only=True, required=True),
        number("companyLocationID"),
        text("firstName", 20, required=True),
        text("lastName", 20, required=True),
        text("middleInitial", 50),
        pick("namePrefix", "namePrefix"),
        text("title", 50),
        text("emailAddress", 254),
        text("emailAddress2", 254),
        text("emailAddress3", 254),
        text("phone", 25),
        text("extension", 10),
        text("alternatePhone", 32),
        text("mobilePhone", 25),
        text("faxNumber", 25),
        # An integer here and nowhere else.
        number("isActive", required=True),
        flag("primaryContact"),
        flag("receivesEmailNotifications"),
        flag("isOptedOutFromBulkEmail", queryable=False),
        flag("solicitationOptOut", queryable=False),
        flag("surveyOptOut", queryable=False),
        text("roomNumber", 50),
        text("addressLine", 128),
        text("addressLine1", 128),
        text("city", 32),
        text("state", 40),
        text("zipCode", 16),
        number("countryID"),
        text("note", 50),
        text("externalID", 50),
        moment("createDate", **_STAMPED),
        moment("lastModifiedDate", **_STAMPED),
        moment("lastActivityDate", **_STAMPED),
        number("apiVendorID", **_STAMPED),
    ),
    parent="Companies",
    branch="Contacts",
    link="companyID",
    child_writes=EVERYTHING | {"DELETE"},
    webhooks=True,
)

COMPANIES = Entity(
    "Companies",
    "Company",
    (
        text("companyName", 100, required=True),
        text("companyNumber", 50),
        pick("companyType", "companyType", required=True),
        flag("isActive"),
        ref("ownerResourceID", "Resources", required=True),
        ref("parentCompanyID", "Companies"),
        text("phone", 25, required=True),
        text("alternatePhone1", 25),
        text("alternatePhone2", 25),
        text("address1", 128),
        text("address2", 128),
        text("city", 30),
        text("state", 40),
        text("postalCode", 10),
        number("countryID"),
        text("webAddress", 255),
        flag("isClientPortalActive"),
        moment("createDate", **_STAMPED),
        moment("lastActivityDate", **_STAMPED),
        moment("lastTrackedModifiedDateTime", **_STAMPED),
        number("apiVendorID", **_STAMPED),
    ),
    writes=EVERYTHING,
    webhooks=True,
)

RESOURCES = Entity(
    "Resources",
    "Resource",
    (
        text("firstName", 50, required=True),
        text("lastName", 50, required=True),
        text("email", 254, required=True),
        text("email2", 50),
        text("email3", 50),
        text("userName", 32, required=True),
        flag("isActive"),
        pick("licenseType", "licenseType", required=True),
        pick("userType", "userType"),
        text("resourceType", 15),
        ref("defaultServiceDeskRoleID", "Roles"),
        text("mobilePhone", 25),
        text("officePhone", 25),
        text("officeExtension", 10),
        text("title", 50),
        Field("internalCost", "decimal", read_only=True, staff_only=True),
    ),
    writes=UPDATES,
)

_HELD = (
    ref("resourceID", "Resources", required=True, create_only=True),
    ref("roleID", "Roles", required=True),
    flag("isActive"),
)

ENTITIES: dict[str, Entity] = {
    each.name.lower(): each
    for each in (
        TICKETS,
        TICKET_NOTES,
        CONTACTS,
        COMPANIES,
        RESOURCES,
        Entity("Roles", "Role", (text("name", 200), text("description", 200), flag("isActive"))),
        Entity("ResourceRoles", "ResourceRole", (*_HELD, pick("queueID", "queue"))),
        Entity(
            "ResourceServiceDeskRoles",
            "ResourceServiceDeskRole",
            (*_HELD, flag("isDefault")),
            parent="Resources",
            branch="ServiceDeskRoles",
            link="resourceID",
            child_writes=EVERYTHING,
        ),
        Entity(
            "TicketCategories",
            "TicketCategory",
            (
                text("name", 30, required=True),
                text("nickname", 3),
                flag("isActive"),
                flag("isApiOnly", **_STAMPED),
                flag("isGlobalDefault"),
                number("displayColorRGB"),
            ),
            writes=UPDATES,
        ),
        Entity(
            "TicketCategoryFieldDefaults",
            "TicketCategoryFieldDefault",
            (
                ref("ticketCategoryID", "TicketCategories", **_STAMPED),
                text("title", 255),
                text("description", 8000),
                pick("status", "ticketStatus"),
                pick("priority", "ticketPriority"),
                pick("queueID", "queue"),
                pick("ticketTypeID", "ticketType"),
                pick("issueTypeID", "issueType"),
                pick("subIssueTypeID", "subIssueType", parent="issueTypeID"),
                pick("sourceID", "ticketSource"),
            ),
            parent="TicketCategories",
            branch="FieldDefaults",
            link="ticketCategoryID",
        ),
        Entity(
            "IntegrationVendorInsights",
            "IntegrationVendorInsight",
            (
                text("title", 100, required=True),
                text("description", 500),
                text("referenceUrl", 500, required=True),
                text("secret", 100, required=True),
                text("insightKey", 100, required=True),
                text("vendorSuppliedID", 100, required=True),
                pick("insightCategory", "insightCategory", required=True),
                number("height"),
                flag("isActive"),
                moment("createDateTime", **_STAMPED),
                moment("lastModifiedDateTime", **_STAMPED),
            ),
            writes=EVERYTHING | {"DELETE"},
        ),
    )
}


def entity(name: str) -> Entity:
    """The entity of this collection name in any letter case. Raises KeyError."""
    return ENTITIES[name.lower()]


def child(parent: str, branch: str) -> Entity | None:
    """The entity that hangs below `parent` as `branch`, in any letter case, or None."""
    for each in ENTITIES.values():
        if each.parent and (each.parent.lower(), each.branch.lower()) == (parent.lower(), branch.lower()):
            return each
    return None
