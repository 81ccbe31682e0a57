"""Tests of grouping people."""
