"""Telegram conversations, one file each. The bot never posts from a person's account and holds no credential of theirs."""
