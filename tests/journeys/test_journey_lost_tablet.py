"""A tablet goes missing with work on it: its villages pass to another, it is revoked, and its file comes home."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from mobile.device.sealing import seal
from sync.rescue import carry_out

# Set, every page of the way is kept as a picture: for whoever works on them.
PICTURES = os.environ.get("CLEANHEAT_PICTURES", "")


@pytest.fixture
def desk(hire) -> Page:
    return hire({"office": ("郭建军", "administrator")})("office")


@pytest.fixture
def keep() -> Callable[[Page, str], None]:
    def picture(page: Page, name: str) -> None:
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/e-{name}.png", full_page=True)

    return picture


def _open(page: Page, county, name: str) -> None:
    page.goto(f"{county.address}/tablets")
    page.get_by_role("link", name=name, exact=True).click()


def test_villages_pass_on_and_nothing_unsent_is_lost(county, surveyor, desk, keep, tmp_path: Path) -> None:
    li, wang = surveyor("li"), surveyor("wang")
    first, second, third = county.homes[:3]
    li.registers(first)
    li.reports(county.address)
    wang.reports(county.address)

    # Away, with two homes that nobody has heard of yet.
    unsent = [li.registers(second), li.registers(third)]
    _open(desk, county, "li")
    keep(desk, "tablet")
    held = desk.locator("form[action$='/hand-over']")
    for box in held.get_by_role("checkbox").all():
        box.check()
    held.get_by_role("combobox").select_option(label=next(
        text for text in held.get_by_role("option").all_inner_texts() if "wang" in text
    ))  # fmt: skip
    held.get_by_role("button", name="移交勾选的村").click()
    desk.wait_for_load_state()
    assert desk.locator("h1").inner_text() == "wang"

    # It is lost: revoked, and the page says what that means.
    _open(desk, county, "li")
    desk.get_by_label("确认停用").check()
    desk.get_by_role("button", name="停用这台平板").click()
    desk.wait_for_load_state()
    assert "停用以后它还没有联系过服务器" in desk.inner_text("main")
    keep(desk, "tablet-revoked")

    assert li.reports(county.address).problem.code == "device_revoked"
    kept = carry_out(li.tablet.replica, tmp_path / "rescue", seal)
    assert (kept.submissions_n, kept.wiped) == (2, True)
    desk.reload()
    assert "已被告知" in desk.inner_text("main")
    keep(desk, "tablet-told")

    # Whoever finds the file hands it in; first it is only looked at.
    desk.goto(f"{county.address}/rescues")
    keep(desk, "rescues-empty")
    torn = tmp_path / "torn.rescue"
    torn.write_bytes(Path(kept.file).read_bytes()[:-40])
    _bring(desk, torn)
    assert "不完整或已损坏" in desk.inner_text("main")
    keep(desk, "rescues-torn")
    _bring(desk, Path(kept.file))
    assert "尚未导入" in desk.inner_text("main")
    keep(desk, "rescue-look")
    desk.get_by_role("button", name="导入这个文件").click()
    desk.wait_for_load_state()
    assert "全部记录都有结果" in desk.inner_text("main")
    keep(desk, "rescue-taken")
    desk.goto(f"{county.address}/rescues")
    keep(desk, "rescues")

    # And the new surveyor has the homes, recorded by the old one.
    wang.reports(county.address)
    assert all(wang.tablet.replica.entity("household", home) for home in unsent)
    desk.get_by_role("link", name="li", exact=True).first.click()
    desk.get_by_role("link", name="看这条记录").first.click()
    assert "li" in desk.inner_text("main")
    keep(desk, "rescue-record")


def _bring(page: Page, file: Path) -> None:
    page.get_by_label("救援文件（.rescue）").set_input_files(str(file))
    page.get_by_role("button", name="打开看看").click()
    page.wait_for_load_state()
