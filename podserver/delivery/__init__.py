"""How work reaches the outside world: outbox, inbox, and one file per channel. Knows no room."""
