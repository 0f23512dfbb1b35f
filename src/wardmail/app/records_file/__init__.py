"""All records as one TOML file: each section is read, checked and changed as its own command does it."""
