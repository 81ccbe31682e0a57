"""Landmarks: the contract of the family, each member, and what is measured by points."""
