"""Jobs for HTCondor: a submit description each, and one user log each that says how they fare."""
