"""Start: settings, wiring and the command line."""
