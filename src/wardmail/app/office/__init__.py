"""The desks at which people work, by command or by the API; everything at them blocks."""
