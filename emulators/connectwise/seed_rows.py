"""The invented companies, contacts, tickets and notes, one tuple each."""

from __future__ import annotations

COMPANIES = [
    (250, "LARKFIELD", "Larkfield Dental", "18 Orchard Row", "2025550177", 1, 77),
    (251, "HARBORLEGAL", "Harbor Legal", "5 Pier Street", "2025550134", 1, 81),
    (252, "FERRER", "Ferrer & Sons", "212 Foundry Lane", "2025550136", 1, 85),
    (253, "QUAYSIDE", "Quayside Print", "40 Dock Road", "2025550139", 2, None),
]

# id, first name, last name, company, title, inactive, [(type, value, extension, default of its kind)]
CONTACTS: list[tuple[int, str, str, int, str, bool, list[tuple[int, str, str, bool]]]] = [
    (
        77,
        "Dana",
        "Whitfield",
        250,
        "Practice manager",
        False,
        [(2, "2025550177", "", True), (4, "2025550142", "", False), (1, "dana@larkfield.example", "", True)],
    ),
    (
        78,
        "Marcus",
        "Reyes",
        250,
        "Hygienist",
        False,
        [(4, "(202) 555-0118", "", True), (1, "marcus@larkfield.example", "", True)],
    ),
    (
        79,
        "Ingrid",
        "Solberg",
        250,
        "Front desk",
        False,
        [(2, "2025550150", "12", True), (3, "2025550159", "", True), (1, "ingrid@larkfield.example", "", True)],
    ),
    (
        80,
        "Theo",
        "Brandt",
        250,
        "Front desk",
        False,
        [(2, "2025550150", "14", True), (4, "+1 202 555 0119", "", False), (1, "theo@larkfield.example", "", True)],
    ),
    (
        81,
        "Amara",
        "Diallo",
        251,
        "Partner",
        False,
        [(4, "202.555.0123", "", True), (1, "amara@harborlegal.example", "", True)],
    ),
    (82, "Felix", "Grant", 251, "Paralegal", False, [(1, "felix@harborlegal.example", "", True)]),
    (83, "Joan", "Petrov", 251, "Archivist", False, []),
    (
        84,
        "Wei",
        "Lin",
        251,
        "Office manager",
        False,
        [(2, "(202) 555-0134", "", True), (4, "202-555-0124", "", False), (1, "wei@harborlegal.example", "", True)],
    ),
    (
        85,
        "Lucia",
        "Ferrer",
        252,
        "Owner",
        False,
        [(4, "1 (202) 555 0125", "", True), (1, "lucia@ferrer.example", "", True)],
    ),
    (
        86,
        "Mateo",
        "Ferrer",
        252,
        "Workshop lead",
        False,
        [(4, "2025550126", "", True), (2, "2025550136", "", False), (1, "mateo@ferrer.example", "", True)],
    ),
    (
        87,
        "Carla",
        "Nunez",
        252,
        "Bookkeeper",
        False,
        [(4, "202 / 555 - 01 27", "", True), (1, "carla@ferrer.example", "", True)],
    ),
    (88, "Owen", "Pike", 252, "Former apprentice", True, [(4, "2025550128", "", True)]),
]

# id, summary, company, contact, board, status, priority, owner, type, source, minutes since it came in
TICKETS: list[tuple[int, str, int, int | None, int, int, int, int | None, int, int, int]] = [
    (47990, "New scanner installed", 252, 86, 2, 524, 4, 187, 44, 3, 9000),
    (48077, "Move authenticator to a new phone", 251, 81, 1, 502, 2, 187, 41, 3, 4300),
    (48102, "Printer offline in the workshop", 252, 85, 2, 522, 3, 186, 44, 1, 3100),
    (48150, "Access to the shared reception mailbox", 250, 78, 1, 502, 3, 186, 42, 1, 1700),
    (48171, "VPN drops every hour", 251, 84, 1, 503, 2, 187, 43, 1, 1500),
    (48188, "Password expired during leave", 252, 86, 1, 501, 3, None, 41, 3, 640),
    (48196, "Headset crackles at the front desk", 250, 80, 2, 521, 4, 186, 44, 2, 420),
    (48204, "Laptop for a new archivist", 251, 83, 2, 521, 4, None, 44, 2, 300),
    (48213, "Cannot sign in to webmail", 250, 77, 1, 501, 2, 186, 41, 3, 14),
    (48219, "Locked out after three attempts", 252, 87, 1, 501, 2, 186, 41, 3, 9),
    (48221, "Backup warning on the file server", 250, None, 1, 501, 3, None, 43, 4, 6),
    (48230, "Cannot open the court portal", 251, 82, 1, 501, 3, 187, 43, 1, 3),
]

# ticket, minutes ago, kind (d discussion, i internal, r resolution), contact, member, text
NOTES: list[tuple[int, int, str, int | None, int | None, str]] = [
    (
        48213,
        14,
        "d",
        77,
        None,
        "Webmail says my password is wrong since this morning. I need it before the first patient at nine.",
    ),
    (
        48213,
        8,
        "i",
        None,
        187,
        "No lock-out in the directory, last good sign-in on Friday. Caller asks for a reset: verify first.",
    ),
    (48219, 9, "d", 87, None, "Three wrong tries and now the invoice program is closed to me."),
    (48188, 640, "d", 86, None, "Back from leave, the password has run out."),
    (48077, 4300, "d", 81, None, "I have a new phone. The codes are still on the old one."),
    (48077, 4200, "i", None, 187, "Waiting for the partner to call back; do not reset from e-mail alone."),
    (48171, 1500, "d", 84, None, "The tunnel falls over on the hour and I lose the dictation."),
    (48150, 1700, "d", 78, None, "Please give me the reception mailbox, Ingrid agreed."),
    (48102, 3100, "d", 85, None, "The workshop printer has been offline since the power cut."),
    (48221, 6, "d", None, None, "Nightly job finished with warnings: two files were open."),
    (48230, 3, "d", 82, None, "The portal asks for a certificate that I do not have."),
    (47990, 8800, "r", None, 187, "Scanner in place, driver installed, test page sent to the workshop folder."),
]
