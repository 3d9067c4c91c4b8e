"""A form released while the server runs: published by another process, and at work with the next contact."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from server import database
from server.exchange.tables import FormRow
from survey_forms import released

VISIT = Path(__file__).parents[2] / "survey_forms" / "forms" / "visit.md"
NORTH = "140525100201"


@pytest.fixture
def publish(settings, tmp_path):
    """`cleanheat forms publish` in a process of its own, over the running server's database."""

    def command(version: str) -> None:
        current = next(known for form, known, _ in released() if form == "visit")
        source = tmp_path / "visit.md"
        source.write_text(VISIT.read_text(encoding="utf-8").replace(current, version), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", "forms", "publish", str(source)],
            env=os.environ | {"CLEANHEAT_DATA": str(settings.data), "COLUMNS": "200"},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "不必重启" in done.stdout

    return command


def test_a_tablet_gets_a_form_published_while_the_server_runs(running, tablet, publish) -> None:
    before = tablet.sync(running.address)
    assert ("visit", "2031.1") not in {(form.id, form.version) for form in before.forms}
    publish("2031.1")
    after = tablet.sync(running.address)
    assert ("visit", "2031.1") in {(form.id, form.version) for form in after.forms}


def test_a_record_of_a_new_form_waits_and_is_taken_once_it_is_published(
    running, tablet, publish, official
) -> None:
    record = tablet.visit(NORTH)
    record = replace(record, form_version="2031.2")
    waiting = tablet.sync(running.address, record)
    assert waiting.verdicts == ()
    publish("2031.2")
    assert [verdict.outcome for verdict in tablet.sync(running.address, record).verdicts] == ["applied"]
    page = official.get(f"/submissions/140525/{record.id}").text
    assert "2031.2" in page and "服务器没有这个表单版本" not in page


def test_a_form_nobody_can_read_leaves_the_others_at_work(running, tablet, caplog) -> None:
    with database.write(running.app.state.engine) as session:
        row = FormRow(
            id="visit", version="2031.3", sha256="0" * 64, xml="<none/>", released_at=running.clock()
        )
        session.add(row)
    reply = tablet.sync(running.address, tablet.visit(NORTH))
    assert [verdict.outcome for verdict in reply.verdicts] == ["applied"]
    assert "visit 2031.3" in caplog.text
