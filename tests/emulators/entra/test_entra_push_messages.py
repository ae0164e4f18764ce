"""A request of the push service that is not written as it must be is refused with a sentence."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from entra_rig import DANA, begin_body, read

BEGIN = "BeginTwoWayAuthentication"
ARRAYS = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"


def document(*parts: str, root: str = f"{BEGIN}Request") -> str:
    return f"<{root}>{''.join(parts)}</{root}>"


VERSION, UPN, LCID = "<Version>1.0</Version>", f"<UserPrincipalName>{DANA}</UserPrincipalName>", "<Lcid>en-us</Lcid>"
METHOD = "<AuthenticationMethodId>PhoneAppNotification</AuthenticationMethodId>"
CONTEXT, SYNC = "<ContextId>c-1</ContextId>", "<SyncCall>false</SyncCall>"
CALLER = "<RequireUserMatch>true</RequireUserMatch><CallerName>radius</CallerName><CallerIP>UNKNOWN:</CallerIP>"


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ((UPN, VERSION, CONTEXT, SYNC), "<Version> is misplaced: it must stand before <UserPrincipalName>"),
        ((VERSION, UPN, METHOD, LCID, CONTEXT), "<Lcid> is misplaced: it must stand before <AuthenticationMethodId>"),
        (
            (VERSION, UPN, CONTEXT, METHOD, SYNC),
            "<AuthenticationMethodId> is misplaced: it must stand before <ContextId>",
        ),
        ((VERSION, UPN, SYNC, CONTEXT), "<ContextId> is misplaced: it must stand before <SyncCall>"),
        ((VERSION, UPN, CONTEXT, CALLER, SYNC), "<SyncCall> is misplaced: it must stand before <CallerIP>"),
        (
            (VERSION, UPN, CONTEXT, "<Ticket>4</Ticket>"),
            "<Ticket> does not belong into BeginTwoWayAuthenticationRequest",
        ),
        ((VERSION, UPN, UPN, CONTEXT), "<UserPrincipalName> stands there 2 times"),
        ((VERSION, CONTEXT), "<UserPrincipalName> is missing or empty"),
        ((VERSION, "<UserPrincipalName/>", CONTEXT), "<UserPrincipalName> is missing or empty"),
        ((VERSION, UPN), "<ContextId> is missing or empty"),
        ((UPN, CONTEXT), "<Version> is missing or empty"),
        (
            (VERSION, "<UserPrincipalName><b/></UserPrincipalName>", CONTEXT),
            "<UserPrincipalName> holds the element <b>",
        ),
        (
            (VERSION, UPN, "<AuthenticationMethodProperties><a/></AuthenticationMethodProperties>", CONTEXT),
            "<AuthenticationMethodProperties> holds <a>",
        ),
    ],
)
def test_a_misplaced_element_is_named_and_no_phone_rings(entra, token, parts, sentence):
    answer = entra.push(BEGIN, document(*parts), token)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert entra.pushes() == []


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "The body is not XML"),
        ("<BeginTwoWayAuthenticationRequest>", "The body is not XML"),
        (begin_body("a&b@larkfield.example"), "The body is not XML"),
        (document(VERSION, UPN, CONTEXT, root="Begin"), "The root element is <Begin>"),
        (f'<{BEGIN}Request xmlns="urn:x">{VERSION}{UPN}{CONTEXT}</{BEGIN}Request>', "without a namespace"),
        ("<!DOCTYPE x [<!ENTITY e 'boom'>]>" + document(VERSION, UPN, CONTEXT), "document type"),
    ],
)
def test_what_is_not_the_document_is_refused(entra, token, body, sentence):
    answer = entra.push(BEGIN, body, token)
    assert answer.status_code == 400
    assert sentence in answer.text


def test_end_has_its_own_order(entra, token):
    body = "<EndTwoWayAuthenticationRequest><SessionId>s</SessionId>{}</EndTwoWayAuthenticationRequest>"
    answer = entra.push("EndTwoWayAuthentication", body.format(VERSION), token)
    assert (answer.status_code, "<Version> is misplaced" in answer.text) == (400, True)
    answer = entra.push("EndTwoWayAuthentication", body.format(""), token)
    assert "<Version> is missing" in answer.text


def test_the_shortest_request_and_microsofts_own_with_nil_elements_are_taken(entra, token):
    entra.faults(script={DANA: "approve"})
    assert read(entra.push(BEGIN, document(VERSION, UPN, CONTEXT), token)).session
    nil = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'
    long = document(
        "<Version>1</Version>",
        UPN,
        f"<TenantId {nil}/>",
        LCID,
        METHOD,
        f'<AuthenticationMethodProperties xmlns:a="{ARRAYS}"/>',
        f"<AuthenticationPurpose {nil}/>",
        CONTEXT,
        "<OtpRetryCount>0</OtpRetryCount>",
        SYNC,
        f"<ReplicationScope {nil}/><ObjectId {nil}/><CompanyName {nil}/>",
    )
    answer = read(entra.push(BEGIN, long, token))
    assert (answer.value, answer.document.findtext("./Version")) == ("Success", "1")


def test_a_document_written_by_an_xml_library_is_taken(entra, token):
    root = ElementTree.Element(f"{BEGIN}Request")
    for name, value in (("Version", "1.0"), ("UserPrincipalName", DANA)):
        ElementTree.SubElement(root, name).text = value
    pair = ElementTree.SubElement(
        ElementTree.SubElement(root, "AuthenticationMethodProperties"), f"{{{ARRAYS}}}KeyValueOfstringstring"
    )
    ElementTree.SubElement(pair, f"{{{ARRAYS}}}Key").text = "OverrideNumberMatchingWithOTP"
    ElementTree.SubElement(pair, f"{{{ARRAYS}}}Value").text = "true"
    ElementTree.SubElement(root, "ContextId").text = "c-1"
    body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    assert read(entra.push(BEGIN, body, token)).authenticated == "challenge"


def test_a_name_is_written_back_escaped(entra, token):
    answer = read(entra.push(BEGIN, begin_body("a&amp;b&lt;c@larkfield.example"), token))
    assert (answer.value, answer.document.findtext("./UserPrincipalName")) == (
        "UserNotFound",
        "a&b<c@larkfield.example",
    )


def test_other_versions_operations_and_media_types_are_refused(entra, token):
    answer = read(entra.push(BEGIN, document("<Version>2.0</Version>", UPN, CONTEXT), token))
    assert (answer.document.tag, answer.value) == ("BeginTwoWayAuthenticationResponse", "VersionNotSupported")
    assert entra.push("GetActivationCode", document(), token).status_code == 404
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    url = f"{entra.origin}/StrongAuthenticationService.svc/Connector/{BEGIN}"
    assert entra.http.post(url, data=begin_body(DANA), headers=headers, timeout=5).status_code == 415
