"""What happened: append-only events, chained and signed."""
