"""Sockets, TLS, DNS, HTTPS, keys and clocks: the outside world, behind the ports."""
