"""The walk of a message from an application to its recipients; begin with walk.py."""
