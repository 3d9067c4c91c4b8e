"""The measuring bench: real server processes, real tablets, real databases, and a link as bad as a village's."""
