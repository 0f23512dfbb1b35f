"""Plain frozen data: the words that every other package speaks."""
