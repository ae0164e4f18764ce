"""Clients for the ticketing systems (PSAs) of managed service providers.

One folder per PSA. :mod:`connectors.base` holds the records, the protocol and the errors that all of them share;
:mod:`connectors.http` holds the one HTTP session that they share. Nothing here knows of a web framework or of the
application that uses it, so each connector works as a library of its own.
"""
