"""Hosts for the molecule scenarios: containers that boot systemd and answer ssh on a network of their own."""
