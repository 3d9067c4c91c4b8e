"""The laboratory: a synthetic county, headless tablets, the demo and the simulator."""
