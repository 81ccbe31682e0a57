"""The methods family: one contract suite for all members, and what is special to each."""
