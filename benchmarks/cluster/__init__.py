"""Many short jobs on a cluster: through our server, and handed to its batch system as they are."""
