"""A mail server that keeps what it is given: the stand-in for the campaign's own."""
