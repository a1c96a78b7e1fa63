"""The words and the rules of a campaign: tables and use cases. No Telegram, no HTTP, no pictures."""
