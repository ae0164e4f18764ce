"""The wire against the vendor's published description: its names, its envelopes and where a total is told.

No client of the v2 API can be installed from a registry, so the description itself is the independent witness: the
names below are spelled as it prints them, and the rule that live clients saw turns them into those of the wire. The
whole description, and a client made of it, are held against the emulator by `make test-published`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from wire_names import on_the_wire

if TYPE_CHECKING:
    from tests.emulators.kaseya_bms.conftest import Bms

ENVELOPE, PAGED, BARE = {"success", "error", "result"}, {"success", "error", "result", "totalRecords"}, set[str]()
_ROW = """Id CreatedBy CreatedOn ModifiedBy ModifiedOn TicketNumber Title Details AccountId AccountCode AccountName
    LocationId LocationName ContactId ContactName QueueId QueueName StatusId StatusName StatusColor StatusForeColor
    StatusOrder PriorityId PriorityName PriorityColor TypeId TypeName IssueTypeId IssueTypeName SubIssueTypeId
    SubIssueTypeName ContractId ContractNumber ContractName AssigneeId AssigneeName WorkTypeId WorkTypeName SourceId
    SLAId SLAName SLAObjectiveId SLAStatusEventId SLAStatusEnum HasMetSLA IsSLAPaused IsScheduled HardwareAssetId
    HardwareAssetName OpenDate DueDate CompletedDate ReOpenedDate LastActivityUpdate LastStatusUpdate LastPriorityUpdate
    LastQueueUpdate ResolutionTargetTime CreatedByName"""
_STAMPS = "Id CreatedBy CreatedOn ModifiedBy ModifiedOn"
PUBLISHED: list[tuple[str, set[str], str]] = [
    ("/servicedesk/tickets", PAGED, f"{_ROW} CustomFields TenantName"),
    (
        "/servicedesk/tickets/1048213",
        ENVELOPE,
        f"""{_ROW} ContactPhone ContactEmail LocationPhone SourceName TenantId CCs SecondaryAssignees TotalTimeSpent
        TotalExpenses HasPostedEntries IsReadOnly OpenDateLocked OccurrenceCount LastOccurrenceDate RmmTicketReference
        VSAAssetId IntegrationTypeId""",
    ),
    (
        "/servicedesk/tickets/searchselect",
        ENVELOPE,
        "Id TicketNumber Title QueueId QueueName AssigneeId AssigneeName OpenDate StatusName StatusId StatusColor",
    ),
    (
        "/servicedesk/tickets/1048213/notes",
        ENVELOPE,
        f"{_STAMPS} Details IsInternal TypeId TypeName CreatedByName CreatedByEmail ModifiedByName Attachments",
    ),
    (
        "/servicedesk/tickets/1048213/activities",
        PAGED,
        f"""{_STAMPS} LogType ActivityType Notes InternalNotes IsInternal NoteTypeId CreatedByName IsUser
        AttachmentCount TimeSpent PictureURL""",
    ),
    (
        "/crm/contacts/summary",
        PAGED,
        f"""{_STAMPS} AccountId AccountName LocationId LocationName FirstName LastName JobTitle IsPoc IsActive
        IsBillable Emails Phones CanRecieveInvoices""",
    ),
    ("/crm/contacts/summary/90211", BARE, f"{_STAMPS} AccountId FirstName LastName Emails Phones CanRecieveInvoices"),
    (
        "/crm/contacts/search",
        ENVELOPE,
        """Id AccountId AccountName LocationId LocationName FirstName LastName JobTitle EmailAddress IsPoc IsActive
        HasClientPortalAccess""",
    ),
    (
        "/crm/accounts/summary",
        PAGED,
        f"""{_STAMPS} ParentId AccountCode AccountName AccountTypeId AccountType AccountManagerId Website IsActive
        TenantName Locations""",
    ),
    ("/crm/accounts/summary/5521", BARE, f"{_STAMPS} AccountCode AccountName IsActive TenantName Locations"),
    ("/crm/accounts/lookup", ENVELOPE, "Id Name TenantName IsActive"),
    ("/crm/accounts/5521/locations/lookup", ENVELOPE, "Id Name AccountId IsMain"),
    ("/crm/accounts/5521/contacts/lookup", ENVELOPE, "Id Name LocationId LocationName Phone EmailAddress"),
    (
        "/crm/accounts/5521/contacts/90211/summaryinfo",
        ENVELOPE,
        "ContactName ContactPhone ContactEmailAddress ClientName PhoneNumber Address1 IsActive AccountId",
    ),
    (
        "/system/statuses/lookup",
        ENVELOPE,
        "Id Name FontColor Color StatusOrder TypeId IsSystemStatus SlaEventId IsActive",
    ),
    ("/system/priorities/lookup", ENVELOPE, "Id Name Color IsDefault"),
    ("/system/queues/lookup", ENVELOPE, "Id Name IsActive"),
    ("/system/issuetypes/lookup", ENVELOPE, "Id Name IsActive"),
    ("/system/issuetypes/4101/issuesubtypes/lookup", ENVELOPE, "Id Name"),
    ("/system/slas/lookup", ENVELOPE, "Id Name IsDefault IsActive"),
    ("/system/worktypes/lookup", ENVELOPE, "Id Name IsDefault IsActive"),
    ("/system/lookup/ContactType", ENVELOPE, "Id Name IsDefault IsActive"),
    ("/hr/assignees/lookup", ENVELOPE, "Id Name EmailAddress JobTitle Url PictureName PictureURL"),
    ("/hr/employees/searchselect", PAGED, "Id FirstName LastName EmailAddress Username JobTitle IsActive"),
    (
        "/security/userinfo",
        ENVELOPE,
        """UserId FullName EmailAddress TenantId BusinessName TimeZoneName TimeZoneValue IsUserSystemAdmin
        UserAccessRights SpecialFeatures""",
    ),
]


@pytest.mark.parametrize(
    ("published", "wire"),
    [
        ("Id", "id"),
        ("SLAName", "slaName"),
        ("SLAStatusEventId", "slaStatusEventId"),
        ("HasMetSLA", "hasMetSLA"),
        ("IsSLAPaused", "isSLAPaused"),
        ("VSAAssetId", "vsaAssetId"),
        ("PictureURL", "pictureURL"),
        ("CCs", "cCs"),
    ],
)
def test_the_rule_gives_the_names_that_live_clients_read(published: str, wire: str) -> None:
    assert on_the_wire(published) == wire


def names_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {name for inner in value.values() for name in names_in(inner)}
    return {name for inner in value for name in names_in(inner)} if isinstance(value, list) else set()


@pytest.mark.parametrize(("path", "envelope", "names"), PUBLISHED)
def test_every_answer_has_the_published_names_in_its_own_envelope(
    bms: Bms, path: str, envelope: set[str], names: str
) -> None:
    body = bms.get(path).json()
    record = body if envelope is BARE else body["result"]
    record = record[0] if isinstance(record, list) else record
    assert {on_the_wire(name) for name in names.split()} <= set(record)
    assert envelope is BARE or set(body) == envelope
    assert not [name for name in names_in(body) if not name[0].islower()]
