"""Looks into Office documents for what runs, fetches or hides."""
