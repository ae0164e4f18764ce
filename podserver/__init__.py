"""podserver: proves, inside a help-desk ticket, who is on the phone."""

__version__ = "0.1.0"
