"""A tenant's configured connections to its PSAs."""
