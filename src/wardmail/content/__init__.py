"""What is inside a message: markings and identifiers."""
