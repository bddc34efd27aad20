"""Model files: fetched, checked, kept and removed."""
