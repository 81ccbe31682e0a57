"""Tests of assessing an archive."""
