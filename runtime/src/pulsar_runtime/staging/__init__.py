"""Moving files for jobs."""
