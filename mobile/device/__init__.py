"""What the machine offers: fonts, place, network, a thread to talk to the hub on. Handed in, never fetched."""
