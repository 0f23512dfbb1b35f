"""What is measured: every system is set up privately, listens on loopback, signs with DKIM and relays over verified TLS."""
