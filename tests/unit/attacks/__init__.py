"""Tests of the attackers."""
