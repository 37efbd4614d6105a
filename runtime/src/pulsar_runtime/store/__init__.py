"""What is kept: the job store, job directories, the file cache."""
