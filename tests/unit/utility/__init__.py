"""The utility family: what anonymization costs."""
