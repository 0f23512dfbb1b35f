"""An application as somebody else would write it: it knows Wardmail by its protocols alone, and imports nothing of it."""
