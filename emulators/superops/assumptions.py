"""What no public source says and the emulator had to settle: texts, limits, rights. All of it in this one place."""

from __future__ import annotations

# Text of the 401; the vendor gives only the status.
INVALID_TOKEN = {"message": "The API token is not valid."}
# What the gateway says to a body that is no GraphQL request, and to too many calls.
NOT_A_REQUEST = {"message": "The request body is not a GraphQL request."}
TOO_MANY = {"message": "Too many requests"}

# Length limits; the error code for going over is the vendor's, the numbers are ours.
LONGEST = {"subject": 255, "contactNumber": 32, "firstName": 100, "lastName": 100}

# A list request that says nothing gets so many rows.
DEFAULT_PAGE_SIZE = 20

FEATURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "ticket": ("Tickets", ("View", "Add", "Edit", "Delete")),
    "note": ("Ticket notes", ("Add",)),
    "client": ("Clients", ("View", "Add", "Edit", "Delete")),
    "requester": ("Requesters", ("View", "Add", "Edit", "Delete")),
    "technician": ("Technicians", ("View",)),
}

# The right that each operation asks for. Those that are not named need no more than a valid token.
RIGHTS: dict[str, tuple[str, str]] = {
    "getTicketList": ("ticket", "View"),
    "getTicket": ("ticket", "View"),
    "getTicketConversationList": ("ticket", "View"),
    "getTicketNoteList": ("ticket", "View"),
    "getClientList": ("client", "View"),
    "getClient": ("client", "View"),
    "getClientSiteList": ("client", "View"),
    "getClientSite": ("client", "View"),
    "getClientUserList": ("requester", "View"),
    "getClientUser": ("requester", "View"),
    "getClientUserAssociationList": ("requester", "View"),
    "getTechnicianList": ("technician", "View"),
    "getTechnicianGroupList": ("technician", "View"),
    "getTechnicianRoleList": ("technician", "View"),
    "createTicket": ("ticket", "Add"),
    "updateTicket": ("ticket", "Edit"),
    "createTicketNote": ("note", "Add"),
    "createNote": ("note", "Add"),
    "createTicketConversation": ("ticket", "Edit"),
    "updateClientUser": ("requester", "Edit"),
}

# Selections on a mutation's result that make the answer fail. That it fails although the write is done is ours:
# graphql-java fetches the fields of a result after the mutation itself.
REFUSED_RESULTS: dict[str, frozenset[str]] = {
    "createTicketNote": frozenset({"attachments"}),
    "createNote": frozenset({"attachments"}),
    "createTicketConversation": frozenset({"attachments"}),
    "updateClientUser": frozenset({"site", "role", "client", "reportingManager"}),
}

# Words of graphql-java's validation errors by the rule of graphql-core that finds the same mistake.
VALIDATION_ERRORS = {
    "FieldsOnCorrectTypeRule": "FieldUndefined",
    "VariablesInAllowedPositionRule": "VariableTypeMismatch",
    "KnownArgumentNamesRule": "UnknownArgument",
    "ProvidedRequiredArgumentsRule": "MissingFieldArgument",
    "ValuesOfCorrectTypeRule": "WrongType",
    "NoUndefinedVariablesRule": "UndefinedVariable",
    "NoUnusedVariablesRule": "UnusedVariable",
    "KnownTypeNamesRule": "UnknownType",
    "KnownFragmentNamesRule": "UndefinedFragment",
    "NoUnusedFragmentsRule": "UnusedFragment",
    "KnownDirectivesRule": "UnknownDirective",
    "OverlappingFieldsCanBeMergedRule": "FieldsConflict",
    "UniqueOperationNamesRule": "DuplicateOperationName",
    "LoneAnonymousOperationRule": "LoneAnonymousOperationViolation",
}
