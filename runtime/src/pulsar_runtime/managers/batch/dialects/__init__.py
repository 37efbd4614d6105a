"""One module for each batch system: its words, and nothing of how they are used."""
