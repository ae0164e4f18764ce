"""The frame inside a PSA's ticket: host adapters, session, shell and widgets."""
