"""The agent process: the loop in which the supervisor lives."""
