"""The ways in which applications get what came in for them."""
