"""The county's register: divisions and their area classes, households, conversions, coal use.

Households, conversions and coal use are derived from submissions; nothing here writes them but
`projection`. Divisions come from the statistics bureau's list, area classes from an official's decision.
"""
