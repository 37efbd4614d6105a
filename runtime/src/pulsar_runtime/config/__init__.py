"""The configuration: one typed tree, read once, with every mistake reported at once.

A leaf: it imports the domain only, and nothing below ``bootstrap`` imports it. ``load.load`` reads,
``schema`` is what comes out, ``show.show`` prints it, ``describe`` writes the reference page.
"""
