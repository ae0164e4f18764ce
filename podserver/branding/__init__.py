"""How the tenant looks and signs towards its clients' users: logo, colour, texts, letters."""
