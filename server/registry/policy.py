"""Which properties of a register's entity never merge silently with one another.

Inside a group a change conflicts with anybody else's change of any property of that group: who the
householder is, what heats the home, whether somebody is on the hardship roll, what a conversion is and how
far it has come. Everything else merges property by property. The version is stored with every decision, so
whoever changes the groups raises it.
"""

from __future__ import annotations

from typing import Final

from sync.facts import Policy

GROUPS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "household": {
        "identity": ("head_name", "id_number"),
        "heating": ("heating_status", "not_heated_reason", "device", "fuel"),
        "hardship": ("hardship",),
        "stove": ("old_stove", "old_stove_on"),
    },
    "conversion": {
        "subject": ("household", "kind", "device_code", "batch"),
        "dates": ("signed_on", "installed_on", "connected_on", "first_used_on", "accepted_on"),
        "account": ("account_number", "contract_number"),
    },
    "coal_use": {
        "amount": ("household", "season", "coal_t", "price_yuan_per_t", "stock_t"),
    },
}

POLICY: Final = Policy(
    version="2020.1",
    groups={
        dataset: {name: group for group, names in groups.items() for name in names}
        for dataset, groups in GROUPS.items()
    },
)
