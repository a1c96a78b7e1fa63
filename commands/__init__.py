"""The command line, one file a noun; run_bot.py puts them together."""
