"""The service manager that started this process, if one did."""
