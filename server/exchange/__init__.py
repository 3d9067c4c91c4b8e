"""The journal, the feed and the sync endpoint: everything that is recorded passes through here."""
