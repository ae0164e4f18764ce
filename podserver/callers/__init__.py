"""Callers without a frame: a ticket or a contact is found in the portal, and the pod's widgets open there."""
