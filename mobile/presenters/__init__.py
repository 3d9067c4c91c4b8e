"""What each screen shows and what the surveyor can mean on it: frozen states and intents, without a window."""
