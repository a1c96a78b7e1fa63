"""The stand-in for the X API v2."""
