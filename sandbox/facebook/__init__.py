"""The stand-in for Facebook's Graph API, as far as a Page needs it."""
