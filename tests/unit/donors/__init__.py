"""Tests of donors."""
