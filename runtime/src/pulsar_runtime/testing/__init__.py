"""In-memory twins of the ports, for tests of whatever is built on them.

Each twin behaves as its port says; the contract tests of this project run on the twins and on the real
adapters alike. What a test wants to go wrong it plans with a twin's `faults`, and time passes only when
a test says so.
"""
