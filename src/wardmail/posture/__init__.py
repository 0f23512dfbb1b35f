"""What a domain publishes about its mail servers: MTA-STS and DANE."""
