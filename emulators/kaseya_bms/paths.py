"""Every call this stand-in knows, by method and path below `/v2/`."""

from __future__ import annotations

import re

from emulators.kaseya_bms import accounts, contacts, lookups, notes, tickets
from emulators.kaseya_bms.call import Handler
from emulators.kaseya_bms.login import user_info

_TICKETS = "servicedesk/tickets"
_NOTE = f"{_TICKETS}/{{}}/notes"
_CONTACTS, _ACCOUNTS = "crm/contacts", "crm/accounts"
_CALLS: list[tuple[str, str, Handler]] = [
    ("GET", "security/userinfo", user_info),
    ("GET", _TICKETS, tickets.list_tickets),
    ("POST", _TICKETS, tickets.create),
    ("POST", f"{_TICKETS}/search", tickets.search),
    ("POST", "servicedesk/mytickets/search", tickets.search_mine),
    ("POST", "servicedesk/queuetickets/search", tickets.search_my_queues),
    ("GET", f"{_TICKETS}/searchselect", tickets.pick_list),
    ("GET", f"{_TICKETS}/count", tickets.count),
    ("GET", f"{_TICKETS}/{{}}", tickets.one),
    ("PATCH", f"{_TICKETS}/{{}}", tickets.patch),
    ("POST", f"{_TICKETS}/{{}}/assignticket", tickets.assign),
    ("POST", f"{_TICKETS}/{{}}/resolve", tickets.resolve),
    ("GET", f"{_TICKETS}/{{}}/activities", notes.activities),
    ("GET", _NOTE, notes.list_notes),
    ("POST", _NOTE, notes.post_note),
    ("GET", f"{_NOTE}/{{}}", notes.one_note),
    ("PUT", f"{_NOTE}/{{}}", notes.put_note),
    ("DELETE", f"{_NOTE}/{{}}", notes.delete_note),
    ("GET", "servicedesk/templates/tickets/lookup", tickets.templates),
    ("GET", "servicedesk/templates/tickets/{}", tickets.template),
    ("GET", f"{_CONTACTS}/summary", contacts.list_summaries),
    ("POST", f"{_CONTACTS}/summary", contacts.create),
    ("GET", f"{_CONTACTS}/summary/{{}}", contacts.one_summary),
    ("GET", f"{_CONTACTS}/search", contacts.search),
    ("PUT", f"{_CONTACTS}/{{}}", contacts.put),
    ("PATCH", f"{_CONTACTS}/{{}}", contacts.patch),
    ("DELETE", f"{_CONTACTS}/{{}}", contacts.delete),
    ("PATCH", f"{_CONTACTS}/{{}}/phones", contacts.patch_phones),
    ("PATCH", f"{_CONTACTS}/{{}}/emails", contacts.patch_emails),
    ("GET", f"{_ACCOUNTS}/summary", accounts.list_summaries),
    ("GET", f"{_ACCOUNTS}/summary/{{}}", accounts.one_summary),
    ("GET", f"{_ACCOUNTS}/lookup", accounts.lookup),
    ("GET", f"{_ACCOUNTS}/{{}}/locations/lookup", accounts.locations),
    ("GET", f"{_ACCOUNTS}/{{}}/contacts/lookup", accounts.contacts),
    ("GET", f"{_ACCOUNTS}/{{}}/contacts/{{}}/summaryinfo", accounts.contact_card),
    ("GET", "system/statuses/lookup", lookups.statuses),
    ("GET", "system/priorities/lookup", lookups.priorities),
    ("GET", "system/queues/lookup", lookups.queues),
    ("GET", "system/issuetypes/lookup", lookups.issue_types),
    ("GET", "system/issuetypes/{}/issuesubtypes/lookup", lookups.issue_sub_types),
    ("GET", "system/slas/lookup", lookups.slas),
    ("GET", "system/worktypes/lookup", lookups.work_types),
    ("GET", "system/roles/lookup", lookups.roles),
    ("GET", "system/lookup/{name}", lookups.table),
    ("GET", "system/tenantlookup/{name}", lookups.table),
    ("GET", "hr/assignees/lookup", lookups.assignees),
    ("GET", "hr/employees/lookup", lookups.employees),
    ("GET", "hr/employees/searchselect", lookups.employee_select),
]
_PATTERNS = [
    (method, path, re.compile(path.replace("{}", r"(\d+)").replace("{name}", "([^/]+)"), re.IGNORECASE), handler)
    for method, path, handler in _CALLS
]


def find(method: str, path: str) -> tuple[str, Handler, list[str]] | list[str]:
    """The endpoint's name, its handler and the path's keys; else the methods that the path has, which may be none."""
    allowed = []
    for verb, name, pattern, handler in _PATTERNS:
        match = pattern.fullmatch(path)
        if match and verb == method:
            return f"{verb} {name}", handler, list(match.groups())
        if match:
            allowed.append(verb)
    return allowed
