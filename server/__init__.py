"""The programme's server: registry, coverage, and everything the office does."""
