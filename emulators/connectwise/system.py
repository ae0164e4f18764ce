"""The system module beyond plain lists: who am I, my rights, version, hosted screens report, hosted set-ups."""

from __future__ import annotations

from emulators.connectwise.errors import invalid_field, invalid_object, missing_item, not_found, security
from emulators.connectwise.resources import Answer, Call, list_answer
from emulators.connectwise.rights import security_rows
from emulators.connectwise.store import Record, now
from emulators.connectwise.tables import TABLES

VERSION = "2025.1"


def info(call: Call) -> Answer:
    """`/system/info`."""
    return 200, {
        "version": "v2025.1.118322",
        "isCloud": bool(call.faults["cloud_mode"]),
        "serverTimeZone": "Eastern Standard Time",
        "cloudRegion": "NA",
        "licenseBits": [{"name": "ServiceDesk", "activeFlag": True}],
    }


def my_member(call: Call) -> Answer:
    """`/system/myMembers`: the caller's full record."""
    member = call.store.get("members", call.principal.member_id)
    if member is None:
        raise not_found("Member", call.principal.member_id)
    return 200, call.view.record(TABLES["members"], member)


def my_member_info(call: Call) -> Answer:
    """`/system/myMembers/info`: the caller, in short; the proof of a member hash."""
    member = call.store.get("members", call.principal.member_id)
    if member is None:
        raise not_found("Member", call.principal.member_id)
    shown = _slim(member)
    shown["timeZone"] = {"id": 1, "name": "US Eastern"}
    shown["serviceDefaultBoard"] = call.view.reference("boards", 1)
    return 200, shown


def member_infos(call: Call) -> Answer:
    """`/system/info/members`: all members, in short."""
    table = TABLES["memberInfo"]
    return list_answer(call, table, [call.view.record(table, _slim(row)) for row in call.store.rows("members")])


def _slim(member: Record) -> Record:
    return {
        "id": member["id"],
        "identifier": member["identifier"],
        "firstName": member["firstName"],
        "lastName": member["lastName"],
        "fullName": f"{member['firstName']} {member['lastName']}",
        "defaultEmail": member["primaryEmail"],
        "licenseClass": member["licenseClass"],
        "inactiveFlag": member["inactiveFlag"],
    }


def my_security(call: Call) -> Answer:
    """`/system/mySecurity`: the caller's own rights. Whether an API member may read it is unknown: a switch decides."""
    if call.principal.kind == "keys" and not call.faults["mysecurity_for_api_member"]:
        raise security()
    table = TABLES["mySecurity"]
    rows = security_rows(call.principal.role, call.principal.member_id)
    return list_answer(call, table, [call.view.record(table, row) for row in rows])


def my_security_count(call: Call) -> Answer:
    """`/system/mySecurity/count`."""
    if call.principal.kind == "keys" and not call.faults["mysecurity_for_api_member"]:
        raise security()
    return 200, {"count": len(call.principal.role)}


def hosted_screen_report(call: Call) -> Answer:
    """`/system/reports/ConnectWiseHostedApiScreen`: screens as columns and rows."""
    call.require("APIReports", "inquire")
    number = {"type": "Numeric", "isNullable": False, "identityColumn": True}
    words = {"type": "Text", "isNullable": False, "identityColumn": False}
    return 200, {
        "column_definitions": [{"Presenter_Identifier_Client_Api_RecID": number}, {"Client_Api_ID": words}],
        "row_values": [[row["id"], row["screenId"]] for row in call.store.rows("hostedScreens")],
    }


def before_hosted_setup(call: Call, record: Record, old: Record | None) -> None:
    """A set-up row names an existing screen; a toolbar button needs its text."""
    if call.store.get("hostedScreens", record["screenId"]) is None:
        message = f"Screen {record['screenId']} does not exist."
        raise invalid_object("ConnectWiseHostedSetup", [invalid_field("ConnectWiseHostedSetup", "screenId", message)])
    if record["type"] == "ToolbarButton" and not record.get("toolbarButtonText"):
        raise invalid_object("ConnectWiseHostedSetup", [missing_item("ConnectWiseHostedSetup", "toolbarButtonText")])
    if old is None:
        record["createdBy"], record["dateCreated"] = call.principal.identifier, now()
