"""The history of the tables, one revision a file; `server.database.migrate` runs them from here."""
