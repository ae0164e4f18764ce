"""What a client allows: the tenant's default, what a client changes of it, and what follows for a ticket."""
