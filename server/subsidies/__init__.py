"""Subsidies (补贴): schedules, entitlements, payees, batches, bank files, reconciliation, ledger."""
