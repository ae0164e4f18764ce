"""End-user verification: the engine, its limits, and one file per method."""
