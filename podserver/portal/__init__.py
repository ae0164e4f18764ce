"""The admin's pages in a browser tab. Each room has its own pages; this package holds what they share."""

from __future__ import annotations

from flask import Flask


def install(app: Flask) -> None:
    """Register the portal's pages and what their templates use."""
    # Imported here, as the rooms' views import this package's session.
    from podserver.accounts.password_views import blueprint as password_pages
    from podserver.accounts.views import blueprint as accounts_pages
    from podserver.branding.views import blueprint as branding_pages
    from podserver.branding.views import public as brand_files
    from podserver.callers.views import blueprint as callers_pages
    from podserver.history.views import blueprint as history_pages
    from podserver.integrations.views import blueprint as integrations_pages
    from podserver.microsoft.push_views import blueprint as microsoft_pages
    from podserver.policies.transfer import blueprint as policies_pages
    from podserver.portal import navigation, session, words
    from podserver.portal.duo import blueprint as duo_pages
    from podserver.portal.mail import blueprint as mail_pages
    from podserver.portal.messages import blueprint as messages_pages
    from podserver.portal.views import blueprint as overview_pages
    from podserver.ticketing.views import blueprint as ticketing_pages

    for blueprint in (
        overview_pages,
        callers_pages,
        history_pages,
        integrations_pages,
        ticketing_pages,
        messages_pages,
        mail_pages,
        branding_pages,
        brand_files,
        duo_pages,
        microsoft_pages,
        policies_pages,
        accounts_pages,
        password_pages,
    ):
        app.register_blueprint(blueprint)
    session.install(app)
    navigation.install(app)
    words.install(app)
