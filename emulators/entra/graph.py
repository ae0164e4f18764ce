"""Microsoft Graph, as far as the product reads and writes it with an app token (push-and-login fact sheet 3.3, 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, urlencode

import jwt
from flask import Blueprint, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from emulators.entra import graph_people, graph_principals
from emulators.entra.account import GRAPH_RESOURCE, REPORT_PERMISSION
from emulators.entra.directory import Tenant
from emulators.entra.emulator import EntraEmulator
from emulators.entra.errors import GraphError, bad_request, denied, not_found
from emulators.entra.gate import guard
from emulators.entra.graph_filter import matching, page, selected
from emulators.entra.people import User

# Each of these is enough. User.Read.All shows of an organisation the name and the domains only [inferred].
READ_USERS = ("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
READ_METHODS = ("UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All")
READ_ORGANIZATION = ("Organization.Read.All", "Directory.Read.All", "Directory.ReadWrite.All")
WRITE_PRINCIPALS = ("Application.ReadWrite.All", "Directory.ReadWrite.All")
READ_PRINCIPALS = ("Application.Read.All", "Directory.Read.All", *WRITE_PRINCIPALS)

NOT_PREMIUM = "Neither tenant is B2C or tenant doesn't have premium license."


def blueprint(emulator: EntraEmulator) -> Blueprint:
    """The routes under `/v1.0` and `/beta`, for `emulator`."""
    graph = Blueprint("entra_graph", __name__)
    guard(graph, emulator, "graph")
    faults, directory = emulator.faults, emulator.directory

    def route(rule: str, *methods: str, versions: Iterable[str] = ("v1.0", "beta")) -> Callable[[Any], Any]:
        def add(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
            for version in versions:
                endpoint = f"{version.replace('.', '_')}_{view.__name__}"
                graph.add_url_rule(f"/{version}/{rule}", endpoint, view, methods=methods or ("GET",))
            return view

        return add

    @graph.before_request
    def authenticate() -> None:
        if faults.strikes("rate_limit"):
            seconds = str(faults.number("retry_after_seconds"))
            raise GraphError(429, "TooManyRequests", "Too many requests.", {"Retry-After": seconds})
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            claims = emulator.signer.read(token.strip(), GRAPH_RESOURCE)
        except jwt.PyJWTError:
            claims = {}
        tenant = directory.find(str(claims.get("tid", "")))
        if scheme.lower() != "bearer" or tenant is None:
            raise GraphError(401, "InvalidAuthenticationToken", "Access token is missing, expired or not for Graph.")
        g.entra_tenant, g.entra_roles = tenant, frozenset(claims.get("roles", []))

    @graph.errorhandler(GraphError)
    def refused(error: GraphError) -> ResponseReturnValue:
        return jsonify(error.body), error.status, error.headers

    @graph.errorhandler(HTTPException)
    def unexpected(error: HTTPException) -> ResponseReturnValue:
        return refused(bad_request("The request is not understood: " + (error.description or error.name)))

    def tenant_for(permissions: Iterable[str]) -> Tenant:
        if not g.entra_roles.intersection(permissions):
            raise denied()
        tenant: Tenant = g.entra_tenant
        return tenant

    def the_user(tenant: Tenant, key: str) -> User:
        user = tenant.user(key)
        if user is None:
            raise not_found(key)
        return user

    def preferred(user: User) -> str:
        return faults.of("preferred", user.upn) or user.preferred

    def listed(rows: list[dict[str, Any]], default: tuple[str, ...]) -> Response:
        found = matching(rows, request.args.get("$filter", ""))
        shown = [selected(row, request.args.get("$select", ""), default) for row in found]
        kept = {name: value for name, value in request.args.items() if name != "$skiptoken"}
        url = f"{request.base_url}?{urlencode(kept, quote_via=quote, safe='$')}{'&' if kept else ''}"
        return jsonify({"@odata.context": f"{request.base_url}/$metadata", **page(shown, request.args, url)})

    @route("organization")
    def organization() -> ResponseReturnValue:
        tenant = tenant_for((*READ_ORGANIZATION, *READ_USERS))
        whole = bool(g.entra_roles.intersection(READ_ORGANIZATION))
        return jsonify({"value": [graph_people.organization_row(tenant, whole=whole)]})

    @route("users")
    def users() -> ResponseReturnValue:
        tenant = tenant_for(READ_USERS)
        return listed([graph_people.user_row(user) for user in tenant.users], graph_people.USER_DEFAULT)

    @route("users/<key>")
    def user(key: str) -> ResponseReturnValue:
        row = graph_people.user_row(the_user(tenant_for(READ_USERS), key))
        return jsonify(selected(row, request.args.get("$select", ""), graph_people.USER_DEFAULT))

    @route("users/<key>/authentication/methods")
    def methods(key: str) -> ResponseReturnValue:
        return jsonify({"value": graph_people.method_rows(the_user(tenant_for(READ_METHODS), key))})

    @route("users/<key>/authentication/signInPreferences", versions=("beta",))
    def preferences(key: str) -> ResponseReturnValue:
        found = the_user(tenant_for(READ_METHODS), key)
        return jsonify(graph_people.preference_row(preferred(found)))

    def report_tenant() -> Tenant:
        tenant = tenant_for((REPORT_PERMISSION,))
        if not tenant.premium:
            raise GraphError(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", NOT_PREMIUM)
        return tenant

    @route("reports/authenticationMethods/userRegistrationDetails")
    def report() -> ResponseReturnValue:
        rows = [graph_people.report_row(each, preferred(each)) for each in report_tenant().users]
        return listed(rows, tuple(rows[0]) if rows else ())

    @route("reports/authenticationMethods/userRegistrationDetails/<key>")
    def report_of(key: str) -> ResponseReturnValue:
        found = the_user(report_tenant(), key)
        return jsonify(graph_people.report_row(found, preferred(found)))

    @route("servicePrincipals")
    def principals() -> ResponseReturnValue:
        tenant = tenant_for(READ_PRINCIPALS)
        with directory.lock:
            rows = [graph_principals.principal_row(each) for each in tenant.principals.values()]
        return listed(rows, graph_principals.PRINCIPAL_DEFAULT)

    @route("servicePrincipals", "POST")
    def create_principal() -> ResponseReturnValue:
        tenant = tenant_for(WRITE_PRINCIPALS)
        with directory.lock:
            return jsonify(graph_principals.principal_row(graph_principals.create(tenant, _body()))), 201

    @route("servicePrincipals/<key>")
    def principal(key: str) -> ResponseReturnValue:
        found = graph_principals.find(tenant_for(READ_PRINCIPALS), key)
        select = request.args.get("$select", "")
        row = graph_principals.principal_row(found, with_keys="keyCredentials" in select.split(","))
        return jsonify(selected(row, select, graph_principals.PRINCIPAL_DEFAULT))

    @route("servicePrincipals/<key>", "PATCH")
    def change_principal(key: str) -> ResponseReturnValue:
        found = graph_principals.find(tenant_for(WRITE_PRINCIPALS), key)
        with directory.lock:
            graph_principals.change(found, _body())
        return "", 204

    @route("servicePrincipals/<key>/addPassword", "POST")
    def add_password(key: str) -> ResponseReturnValue:
        found = graph_principals.find(tenant_for(WRITE_PRINCIPALS), key)
        with directory.lock:
            return jsonify(graph_principals.add_secret(found, _body(), faults))

    @route("servicePrincipals/<key>/removePassword", "POST")
    def remove_password(key: str) -> ResponseReturnValue:
        found = graph_principals.find(tenant_for(WRITE_PRINCIPALS), key)
        with directory.lock:
            graph_principals.remove_secret(found, _body())
        return "", 204

    @route("<path:anything>", "GET", "POST", "PATCH", "PUT", "DELETE")
    def nowhere(anything: str) -> ResponseReturnValue:
        raise bad_request(f"Resource not found for the segment '{anything.rpartition('/')[2]}'.")

    return graph


def _body() -> dict[str, Any]:
    data = request.get_json(silent=True)
    if not isinstance(data, dict):
        raise bad_request("The body must be a JSON object.")
    return data
