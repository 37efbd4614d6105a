"""Running jobs as the user who asked for them, while the agent has no privileges."""
