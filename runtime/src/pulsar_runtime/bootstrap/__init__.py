"""The one place that knows every adapter: wiring for the processes and the commands."""
