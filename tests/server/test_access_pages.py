"""Signing in, forms, tokens and one's own account, over HTTP."""

import re
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest

from server.app import create_app


def test_the_first_start_makes_one_administrator_and_the_next_none(settings, serving) -> None:
    app = create_app(settings)
    password = app.state.first_password
    assert len(password) >= 12
    again = create_app(settings)
    again.state.engine.dispose()
    assert again.state.first_password is None
    with httpx.Client(base_url=serving(app), trust_env=False, verify=False) as browser:
        token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/sign-in").text)
        form = {"login": "admin", "password": password, "csrf": token[1], "next": "/account"}
        assert browser.post("/sign-in", data=form).headers["location"] == "/account"


def test_a_page_asks_to_sign_in_and_leads_back_to_itself(running) -> None:
    with running.browser() as browser:
        asked = browser.get("/tablets?area=140525100")
        assert asked.status_code == 303
        assert asked.headers["location"] == "/sign-in?next=/tablets%3Farea%3D140525100"
        done = running.sign_in(browser, "admin", running.app.state.first_password, "/tablets?area=140525100")
        assert (done.status_code, done.headers["location"]) == (303, "/tablets?area=140525100")
        assert browser.get("/tablets").status_code == 200


def test_the_session_cookie_is_out_of_scripts_reach_and_stays_here(running) -> None:
    with running.browser() as browser:
        done = running.sign_in(browser, "admin", running.app.state.first_password)
    cookie = done.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize("address", ["//evil.example", "https://evil.example", "/\\evil.example", "tablets"])
def test_signing_in_never_leads_to_another_server(running, address: str) -> None:
    with running.browser() as browser:
        done = running.sign_in(browser, "admin", running.app.state.first_password, address)
    assert done.headers["location"] == "/"


def test_a_wrong_password_and_an_unknown_login_look_the_same(running) -> None:
    with running.browser() as browser:
        wrong = running.sign_in(browser, "admin", "not the password")
        unknown = running.sign_in(browser, "nobody", "not the password")
    assert wrong.status_code == unknown.status_code == 403
    assert "账号或密码不对" in wrong.text
    assert re.search(r'name="password"[^>]* autofocus', wrong.text), (
        "it is empty, and what is to be typed anew"
    )
    assert not re.search(r'name="login"[^>]* autofocus', wrong.text)
    assert _without_token(wrong.text) == _without_token(unknown.text).replace("nobody", "admin")


def _without_token(text: str) -> str:
    return re.sub(r'name="csrf" value="[^"]+"', "", text)


def test_guessing_is_slowed_down_and_forgiven_later(running) -> None:
    with running.browser() as browser:
        for _ in range(5):
            assert running.sign_in(browser, "admin", "guess").status_code == 403
        waiting = running.sign_in(browser, "admin", running.app.state.first_password)
        assert waiting.status_code == 429
        assert 0 < int(waiting.headers["retry-after"]) <= 301
        assert running.sign_in(browser, "other", "guess").status_code == 403  # others are not shut out
        running.clock.forward(minutes=6)
        assert running.sign_in(browser, "admin", running.app.state.first_password).status_code == 303


def test_a_form_without_its_token_changes_nothing(running, official: httpx.Client) -> None:
    refused = official.post("/account/tokens", data={"label": "evil"})
    assert refused.status_code == 403
    forged = official.post("/account/tokens", data={"label": "evil", "csrf": "x" * 22})
    assert forged.status_code == 403
    assert "evil" not in official.get("/account").text


def test_a_form_sent_after_the_session_ended_says_what_to_do(
    running, official: httpx.Client, submit: Callable[..., httpx.Response]
) -> None:
    token = running.form_token(official.get("/account"))
    assert "页面停留过久" in official.post("/account/tokens", data={"label": "x", "csrf": "y" * 22}).text
    submit("/sign-out", "/account")
    refused = official.post("/account/tokens", data={"label": "程序", "csrf": token})
    assert refused.status_code == 403
    assert "没有保存" in refused.text and 'href="/sign-in" target="_blank"' in refused.text


def test_a_form_taken_away_half_sent_is_no_failure_of_the_server(running, caplog) -> None:
    place = urlsplit(running.address)
    with socket.create_connection((place.hostname, place.port)) as caller:
        caller.sendall(
            b"POST /sign-in HTTP/1.1\r\nHost: here\r\nContent-Length: 99\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin=ad"
        )
        caller.shutdown(socket.SHUT_WR)
        assert caller.recv(1) == b""
    with running.browser() as browser:
        assert browser.get("/sign-in").status_code == 200
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_the_token_may_come_as_a_header(running, official: httpx.Client) -> None:
    token = running.form_token(official.get("/account"))
    done = official.post("/account/tokens", data={"label": "程序"}, headers={"X-CSRF-Token": token})
    assert done.status_code == 303


def test_signing_out_ends_the_session(official: httpx.Client, submit: Callable[..., httpx.Response]) -> None:
    assert submit("/sign-out", "/account").status_code == 303
    assert official.get("/account").status_code == 303


def test_an_api_token_is_shown_once_works_and_can_be_revoked(
    running, official: httpx.Client, submit: Callable[..., httpx.Response]
) -> None:
    submit("/account/tokens", "/account", label="报表程序")
    shown = official.get("/account")
    token = re.search(r"<code>(ch_[\w-]+)</code>", shown.text)[1]
    assert token not in official.get("/account").text
    headers = {"Authorization": f"Bearer {token}"}
    with running.browser() as program:
        assert program.get("/account", headers=headers).status_code == 200
        assert program.get("/account", headers={"Authorization": f"Bearer {token}x"}).status_code == 303
        address = re.search(r'action="(/account/tokens/\w+/revoke)"', shown.text)[1]
        submit(address, "/account")
        assert program.get("/account", headers=headers).status_code == 303


def test_a_wrong_token_is_refused_even_where_a_session_would_do(official: httpx.Client) -> None:
    assert official.get("/account", headers={"Authorization": "Bearer nonsense"}).status_code == 303
    assert official.get("/account", headers={"Authorization": "Basic YTpi"}).status_code == 303


def test_a_changed_password_ends_every_other_session(
    running, official: httpx.Client, submit: Callable[..., httpx.Response]
) -> None:
    old, new = running.app.state.first_password, "一个足够长的新密码 2020"
    with running.browser() as elsewhere:
        running.sign_in(elsewhere, "admin", old)
        wrong = submit("/account/password", "/account", old="x", new=new, again=new)
        assert wrong.status_code == 403
        assert submit("/account/password", "/account", old=old, new="short", again="short").status_code == 400
        assert submit("/account/password", "/account", old=old, new=new, again=new + "x").status_code == 400
        assert submit("/account/password", "/account", old=old, new=new, again=new).status_code == 303
        assert official.get("/account").status_code == 200
        assert elsewhere.get("/account").status_code == 303
        assert running.sign_in(elsewhere, "admin", old).status_code == 403
        assert running.sign_in(elsewhere, "admin", new).status_code == 303


def test_a_closed_account_is_out_at_once(running, official: httpx.Client) -> None:
    from sqlalchemy import update

    from server.access.tables import Person
    from server.database import write

    with write(running.app.state.engine) as session:
        session.connection().execute(update(Person).values(closed_at=running.clock()))
    assert official.get("/account").status_code == 303
    with running.browser() as browser:
        assert running.sign_in(browser, "admin", running.app.state.first_password).status_code == 403


@pytest.mark.parametrize("page", ["/account", "/tablets", "/tablets/enrol?township=140525100", "/sign-in"])
def test_every_page_speaks_english_too(official: httpx.Client, page: str) -> None:
    answer = official.get(f"{page}{'&' if '?' in page else '?'}lang=en")
    main = re.search(r"<main.*</main>", answer.text, re.DOTALL)[0]
    names = re.sub(r"泽州县|管理员|\d+号镇|\d+村", "", main)
    assert re.findall(r"[\u4e00-\u9fff]+", names) == []


def test_the_interface_describes_its_bearer_tokens(running) -> None:
    with running.browser() as browser:
        described = browser.get("/api/openapi.json").json()
    schemes = described["components"]["securitySchemes"]
    assert schemes["bearer"]["scheme"] == schemes["device_secret"]["scheme"] == "bearer"
    assert described["paths"]["/api/v1/coverage/{area}"]["get"]["security"] == [{"bearer": []}]
    assert described["paths"]["/sync/v1"]["post"]["security"] == [{"device_secret": []}]


def test_the_interface_answers_a_token_and_refuses_a_stranger_in_json(running, official, submit) -> None:
    submit("/account/tokens", "/account", label="报表程序")
    token = re.search(r"<code>(ch_[\w-]+)</code>", official.get("/account").text)[1]
    with running.browser() as program:
        answer = program.get("/api/v1/coverage/140525", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        refused = program.get("/api/v1/coverage/140525")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["error"] == "sign_in_needed"


def test_only_who_is_signed_in_is_offered_the_navigation(running, official) -> None:
    with running.browser() as stranger:
        for address in ("/sign-in", "/no/such/page"):
            page = stranger.get(address).text
            assert "主导航" not in page and "/sign-out" not in page
    lost = official.get("/no/such/page")
    assert lost.status_code == 404
    assert 'href="/households"' in lost.text and "/sign-out" in lost.text
