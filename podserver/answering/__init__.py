"""The user's own page behind a link: who asks, and two answers. It is open to whoever holds the link's token."""
