"""Side-by-side benchmarks: scripts to run by hand (`make bench`), never timed tests."""
