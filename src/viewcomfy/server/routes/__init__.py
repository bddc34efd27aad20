"""The URLs, by what they are about."""
