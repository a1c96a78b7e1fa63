"""The stand-in for a Bluesky server (PDS)."""
