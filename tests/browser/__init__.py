"""Tests of pages in a real browser; what they need is fetched by ``make browser``."""
