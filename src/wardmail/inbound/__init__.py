"""The walk of a message from outside to an application."""
