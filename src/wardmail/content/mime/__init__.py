"""Reads a message of any sender as any mail client might, within a budget, and says where clients would differ."""
