"""Whose word a household's device is, and what a survey had recorded; the way from a submission to its targets.

Revision ID: 0007
"""

import json
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.engine import Connection

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROWS_AT_A_TIME = 500
HOMES = sa.text("SELECT county, id, held FROM entity WHERE dataset = 'household' ORDER BY county, id")
CONVERSIONS = sa.text("SELECT county, submission, entity FROM submission_target WHERE dataset = 'conversion'")
SURVEYS_OF = sa.text(
    "SELECT s.traces FROM submission_target t JOIN submission s ON s.county = t.county AND s.id = t.submission"
    " WHERE t.county = :county AND t.dataset = 'household' AND t.entity = :home AND NOT EXISTS (SELECT 1 FROM"
    " submission_target c WHERE c.county = t.county AND c.submission = t.submission"
    " AND c.dataset = 'conversion')"
)
SET = sa.text(
    "UPDATE household SET device_by = :conversion, device_surveyed = :surveyed"
    " WHERE county = :county AND id = :home"
)


def upgrade() -> None:
    op.create_index(
        "ix_submission_target_submission", "submission_target", ["county", "submission", "dataset", "entity"]
    )
    with op.batch_alter_table("household") as household:
        household.add_column(sa.Column("device_by", sa.String(), nullable=False, server_default=""))
        household.add_column(sa.Column("device_surveyed", sa.String(), nullable=False, server_default=""))
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE household SET device_surveyed = device"))
    brought = [
        {"county": county, "home": home, "conversion": conversion,
         "surveyed": _surveyed(connection, county, home)}
        for county, home, conversion in _brought(connection)
    ]  # fmt: skip
    for start in range(0, len(brought), ROWS_AT_A_TIME):
        connection.execute(SET, brought[start : start + ROWS_AT_A_TIME])


def _brought(connection: Connection) -> Iterator[tuple[str, str, str]]:
    """(county, household, conversion) where a conversion's record set the device."""
    # One for each record of a conversion: some hundred thousand in a large county.
    about = {(county, made): entity for county, made, entity in connection.execute(CONVERSIONS)}
    for county, home, held in connection.execute(HOMES).yield_per(ROWS_AT_A_TIME):
        device = json.loads(held)["props"].get("device")
        if device and device["value"] and (county, device["submission"]) in about:
            yield county, home, about[county, device["submission"]]


def _surveyed(connection: Connection, county: str, home: str) -> str:
    """The device that was put in last by a submission about no conversion."""
    last = (0, "")
    for (document,) in connection.execute(SURVEYS_OF, {"county": county, "home": home}):
        trace = json.loads(document).get(f"household/{home}", {})
        step = trace.get("steps", {}).get("device", {})
        if step.get("outcome") == "applied":
            last = max(last, (trace["version"], step["sent"]))
    return last[1]


def downgrade() -> None:
    raise NotImplementedError("a database never goes back: restore a backup instead")
