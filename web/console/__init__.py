"""The organizers' console: see what goes out, write a post, decide where the program cannot, read the figures."""
