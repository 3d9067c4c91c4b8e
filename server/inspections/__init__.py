"""What is found wrong on the ground: coal seen where there should be none, and the ledger of problems.

A problem (问题台账) has a person and a deadline, and is closed by somebody else with evidence; nothing is ever
deleted from it.
"""
