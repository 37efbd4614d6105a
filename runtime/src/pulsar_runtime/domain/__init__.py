"""Values, tables and errors: pure, imported by everyone, importing no one."""
