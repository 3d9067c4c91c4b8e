"""How records travel between tablets and the server, and how they converge (see README.md here)."""
