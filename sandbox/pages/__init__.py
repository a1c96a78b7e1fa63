"""Pages on which to see and to play: chat, feeds, faults."""
