"""Unpacks archives within a budget; what cannot be unpacked surely is said to be so, never taken for clean."""
