"""One screen a module, its layout in the .kv of the same name: state is copied to widgets, touches become intents."""
