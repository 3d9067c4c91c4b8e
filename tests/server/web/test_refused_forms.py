"""A refused form comes back as it was filled in, with what is wrong at its head."""

import re
from typing import Any

import httpx
import pytest

from server.web.refilling import refilled

PAGE = """<!doctype html><html><body>
<form method="post" action="/sign-out"><input type="hidden" name="csrf" value="new"></form>
<details><summary>更多</summary>
<form method="post" action="/a/1">
<input type="hidden" name="csrf" value="new"><input type="hidden" name="version" value="8">
<input name="name" value="&lt;旧&gt;" maxlength="64"><input type=date name="day">
<input type="checkbox" name="villages" value="01"><input type="checkbox" name="villages" value="02" checked>
<input type="radio" name="side" value="x" checked><input type="radio" name="side" value="y">
<select name="who"><option value="">请选择</option><option value="p1" selected>张三</option>
<option value="p2">李四</option></select>
<textarea name="reason" rows="2">以前的</textarea><input type="file" name="paper"><input type="password" name="secret">
<button>办理</button><button formaction="/a/2">另办</button></form></details>
<form method="post" action="/b"><input type="hidden" name="id" value="1"><input name="note"></form>
<form method="post" action="/b"><input type="hidden" name="id" value="2"><input name="note"></form>
<form action="/a/1"><input name="name"></form></body></html>"""
TYPED = [
    ("csrf", "old"), ("version", "7"), ("name", '"新" <b>'), ("day", "2020-11-22"), ("villages", "01"), ("side", "y"),
    ("who", "p2"), ("reason", "第一行\n</textarea>"), ("secret", "geheim"),
]  # fmt: skip


@pytest.mark.parametrize("to", ["/a/1", "/a/2"])
def test_every_kind_of_box_is_filled_in_as_it_was_sent(to: str) -> None:
    page = refilled(PAGE, here="/a?q=1", to=to, typed=TYPED)
    assert page is not None
    assert '<input name="name" value="&quot;新&quot; &lt;b&gt;" maxlength="64">' in page
    assert '<input type="date" name="day" value="2020-11-22">' in page
    assert '<input type="checkbox" name="villages" value="01" checked>' in page
    assert '<input type="checkbox" name="villages" value="02">' in page
    assert (
        '<input type="radio" name="side" value="x"><input type="radio" name="side" value="y" checked>' in page
    )
    assert '<option value="p1">张三</option>\n<option value="p2" selected>' in page
    assert "\n第一行\n&lt;/textarea&gt;</textarea>" in page
    # What the page itself says stays, and what no browser puts back; the form is unfolded.
    assert 'name="version" value="8"' in page and 'value="old"' not in page and "geheim" not in page
    assert "<details open>" in page and '<input type="hidden" name="shown_on" value="/a?q=1">' in page


def test_of_two_forms_to_one_address_it_is_the_one_that_was_sent() -> None:
    page = refilled(PAGE, here="/b", to="/b", typed=[("id", "2"), ("note", "迟到")])
    assert page is not None
    assert 'value="2"><input name="note" value="迟到">' in page and 'value="1"><input name="note">' in page


@pytest.mark.parametrize("sign", ["\u2028", "\x85", "\x0b", "\r"])
def test_signs_that_only_some_take_for_the_end_of_a_line_move_nothing(sign: str) -> None:
    page = f'<p>甲{sign}乙</p>\n<form method="post" action="/a"><input name="x" value="1"></form>'
    where = '<input type="hidden" name="shown_on" value="/p">'
    wanted = f'<p>甲{sign}乙</p>\n<form method="post" action="/a">{where}<input name="x" value="2"></form>'
    assert refilled(page, here="/p", to="/a", typed=[("x", "2")]) == wanted


def test_forms_without_an_address_go_where_the_page_is_at_home() -> None:
    page = refilled(
        f'<form method="get"><input name="q"></form>{PAGE}', here="/a?q=1", to="/a/1", typed=TYPED
    )
    assert page is not None and page.startswith('<form method="get" action="/a?q=1"><input name="q"></form>')
    own = refilled('<form method="post"><input name="x"></form>', here="/a", to="/a", typed=[("x", "1")])
    where = '<input type="hidden" name="shown_on" value="/a">'
    assert own == f'<form method="post" action="/a">{where}<input name="x" value="1"></form>'


def test_a_page_without_that_form_is_none() -> None:
    assert refilled(PAGE, here="/c", to="/c", typed=TYPED) is None


def send(browser: httpx.Client, path: str, seen_on: str, **fields: Any) -> httpx.Response:
    """As a browser sends it: with the page it stood on."""
    page = browser.get(seen_on)
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert token
    return browser.post(path, data={"csrf": token[1], **fields}, headers={"Referer": str(page.url)})


def test_a_refusal_that_no_page_tells_itself_leads_back_to_the_form(official: httpx.Client) -> None:
    township = re.search(r'<option value="(140525100\d*)"', official.get("/tablets/enrol").text)
    assert township
    answer = send(official, "/tablets/enrol", f"/tablets/enrol?township={township[1]}", name="赵新来")
    assert answer.status_code == 400 and "回首页" not in answer.text
    assert "没有选中任何村。" in answer.text.split("<h1>")[0] and 'role="alert"' in answer.text
    assert 'name="name" maxlength="64" value="赵新来"' in answer.text
    # Sent again from there, at whose address the browser stands now: the same.
    token = re.search(r'name="csrf" value="([^"]+)"', answer.text)
    assert token
    again = official.post(
        "/tablets/enrol",
        data={"csrf": token[1], "name": "赵又来", "shown_on": f"/tablets/enrol?township={township[1]}"},
        headers={"Referer": f"{str(official.base_url).rstrip('/')}/tablets/enrol"},
    )
    assert again.status_code == 400 and 'value="赵又来"' in again.text


def test_a_form_that_waited_too_long_is_asked_again_with_a_fresh_token(official: httpx.Client) -> None:
    page = official.get("/account")
    typed = {"csrf": "stale", "label": "统计脚本"}
    answer = official.post("/account/tokens", data=typed, headers={"Referer": str(page.url)})
    assert answer.status_code == 403 and "页面停留过久" in answer.text
    token = re.search(r'name="csrf" value="([^"]+)"', answer.text)
    assert token and token[1] in page.text and 'value="统计脚本"' in answer.text


@pytest.mark.parametrize(
    "referer", ["", "https://elsewhere.example/tablets/enrol", "/nowhere", "/people.xlsx"]
)
def test_without_a_page_of_ours_it_is_a_page_of_its_own(official: httpx.Client, referer: str) -> None:
    token = re.search(r'name="csrf" value="([^"]+)"', official.get("/account").text)
    assert token
    sent_from = str(official.base_url).rstrip("/") + referer if referer.startswith("/") else referer
    headers = {"Referer": sent_from} if referer else {}
    answer = official.post("/tablets/enrol", data={"csrf": token[1], "name": "甲"}, headers=headers)
    assert answer.status_code == 400 and "回首页" in answer.text
    assert ("回到刚才的页面" in answer.text) == referer.startswith("/")
    assert "elsewhere" not in answer.text


def test_who_signs_in_on_a_page_that_waited_too_long_is_not_asked_for_ever(running: Any) -> None:
    browser, seen_on = running.browser(), {"Referer": f"{running.address}/sign-in"}
    answer = browser.post("/sign-in", data={"csrf": "stale", "login": "wang"}, headers=seen_on)
    token = re.search(r'name="csrf" value="([^"]+)"', answer.text)
    assert answer.status_code == 403 and token and 'value="wang"' in answer.text
    again = browser.post("/sign-in", data={"csrf": token[1], "login": "wang"}, headers=seen_on)
    assert "页面停留过久" not in again.text


def test_nobody_signed_out_is_shown_the_form(running: Any) -> None:
    browser = running.browser()
    answer = browser.post(
        "/tablets/enrol", data={"name": "甲"}, headers={"Referer": f"{running.address}/tablets/enrol"}
    )
    assert answer.status_code == 403 and "登录" in answer.text and "新调查员姓名" not in answer.text
