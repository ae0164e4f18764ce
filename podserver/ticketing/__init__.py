"""Ticketing profiles: what a ticket that podserver opens looks like in a PSA, and how it is opened exactly once."""
