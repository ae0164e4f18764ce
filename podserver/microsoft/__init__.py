"""Microsoft, client by client: directories, their administrators' consent, the push, and the sign-in behind a link."""
