"""The schema of the job store, one numbered file for each step forward."""
