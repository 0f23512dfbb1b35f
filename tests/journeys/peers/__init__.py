"""Real servers for journeys: each runs privately, from a temporary directory, on loopback ports of its own."""
