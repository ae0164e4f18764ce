"""Tenants, users and how people sign in."""
