"""When things go out. Rows are the truth; APScheduler only ticks."""
