"""Pages for people: drawn on the server, without a script that they need."""
