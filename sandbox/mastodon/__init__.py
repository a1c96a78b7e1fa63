"""The stand-in for a Mastodon server."""
