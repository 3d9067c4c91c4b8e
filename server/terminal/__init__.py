"""What a command shows on a terminal, and what it says where there is none; apart from the commands that share it."""
