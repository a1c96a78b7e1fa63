"""Stand-ins on this machine for Telegram and X: for the demo and for the tests. Nothing here leaves the machine."""
