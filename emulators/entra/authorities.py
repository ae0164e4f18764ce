"""The tenant at the front of a sign-in URL: a GUID, a domain, `common` or `organizations`, and nothing else.

The pattern is narrow because all stand-ins share one origin.
"""

from __future__ import annotations

import re

from flask import Flask, request
from werkzeug.routing import BaseConverter

from emulators.entra.directory import ANY_TENANT, Directory

_TENANT = r"(?i:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:[a-z0-9][a-z0-9-]*\.)+[a-z]{2,}|common|organizations)"
_CLIENT_PATH = re.compile(
    rf"/(?:{_TENANT}/(?:v2\.0/\.well-known/|discovery/|oauth2/(?:v2\.0/)?token$)|v1\.0/|beta/"
    r"|StrongAuthenticationService\.svc/)"
)
TENANT = "/<entra_tenant:tenant>"


class TenantConverter(BaseConverter):
    """The route converter `entra_tenant`."""

    regex = _TENANT


def install(app: Flask) -> None:
    """Teach the routes of `app` the converter."""
    app.url_map.converters["entra_tenant"] = TenantConverter


def is_client_path(path: str) -> bool:
    """Whether `path` is one that the product's clients call; people's pages and controls are not among them."""
    return bool(_CLIENT_PATH.match(path))


def origin() -> str:
    """Scheme, host and port of the current request."""
    return request.host_url.rstrip("/")


def authority(tenant: str, directory: Directory) -> str:
    """The tenant part of a URL in one spelling: the tenant's id, `common` or `organizations`. Raises SignInError."""
    return tenant.lower() if tenant.lower() in ANY_TENANT else directory.tenant(tenant).id
