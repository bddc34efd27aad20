"""Packs of custom nodes: where they come from, and how they get into an installation."""
