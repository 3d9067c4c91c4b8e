"""A county whose data are invented says so wherever its database goes."""

from __future__ import annotations

from dataclasses import replace

import httpx

from server.app import create_app
from server.database import write
from server.exchange import invented


def test_a_marked_database_is_marked_by_whoever_serves_it(settings, serving) -> None:
    plain = create_app(replace(settings, synthetic=False))
    with write(plain.state.engine) as session:
        invented.mark(session)
    plain.state.engine.dispose()
    served = create_app(replace(settings, synthetic=False))
    assert not plain.state.settings.synthetic and served.state.settings.synthetic
    page = httpx.get(f"{serving(served)}/sign-in", trust_env=False, verify=False)
    assert "模拟数据" in page.text
    served.state.engine.dispose()
