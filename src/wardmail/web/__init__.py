"""Pages and API over HTTPS."""
