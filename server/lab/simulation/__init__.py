"""A county from one seed: real tablets, real hub, real bytes, and everything that can go wrong between them."""
