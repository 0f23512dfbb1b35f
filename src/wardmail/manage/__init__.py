"""What people do: integrations, routes, lists, holds and keys."""
