"""What is fast, shown beside what others do: every ratio has both of its sides measured in one run."""
