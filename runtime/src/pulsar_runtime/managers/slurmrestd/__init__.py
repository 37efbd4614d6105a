"""Slurm by its REST API, in place of its commands."""
