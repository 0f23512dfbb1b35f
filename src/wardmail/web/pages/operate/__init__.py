"""The pages of those who run the gateway: what waits, what is kept back, the ways in, the settings, the sandbox."""
