"""What the office reads of a tablet that is revoked: nothing that is no longer so."""

import re


def test_it_does_not_say_that_its_records_will_come(running, official, submit, tablet) -> None:
    """They are in its rescue file; and a nought of what waits would be its word from before."""
    page = f"/tablets/{tablet.device}"
    tablet.sync()
    assert "仍会送来" in official.get(page).text
    running.clock.forward(minutes=5)
    submit(f"{page}/revoke", page, sure="yes")
    assert "要看它的救援文件才知道" in official.get(page).text
    for _ in ("before it knows", "after"):
        said = official.get(page).text
        assert "仍会送来" not in said and "不会自己送来，都在救援文件里" in said
        assert "<dt>待上传记录</dt><dd>—</dd>" in said
        assert re.search(r'<td class="number zero">—</td>', official.get("/tablets").text)
        running.clock.forward(minutes=5)
        tablet.sync()
