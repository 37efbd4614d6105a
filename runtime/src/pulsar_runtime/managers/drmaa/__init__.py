"""Jobs for any batch system with a DRMAA library, which a process of its own talks to."""
