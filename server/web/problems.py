"""Everything that may go wrong at the edge, in one catalogue.

A problem says what is wrong and what to do about it. Only this module knows how one is answered: a page
for people, JSON for tablets and scripts, the way to the sign-in page for whoever is not signed in.
"""

from __future__ import annotations

import logging
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from server.web import refilling
from server.web.language import N_, request_language, translate
from server.web.rendering import render

LOG = logging.getLogger(__name__)

CATALOGUE: Final[dict[str, tuple[int, str, str]]] = {
    "malformed": (400, N_("请求的内容无法读懂。"), N_("请检查填写的内容后重新提交。")),
    "sign_in_needed": (401, N_("请先登录。"), N_("打开登录页，输入账号和密码；接口请带上令牌。")),
    "forbidden": (403, N_("您的账号没有这项权限。"), N_("请联系本县管理员开通权限，或换用有权限的账号。")),
    "csrf": (403, N_("页面停留过久，提交没有通过核验。"), N_("请核对填写的内容，再提交一次。")),
    "signed_out": (
        403,
        N_("登录已过期，或已在别处退出；这次提交没有保存。"),
        N_("请在新的标签页里登录，再返回上一页：填过的内容先复制下来，刷新后重新提交。"),
    ),
    "not_found": (404, N_("没有找到这个页面或记录。"), N_("请检查地址，或从首页重新查找。")),
    "not_allowed": (405, N_("这个地址不接受这种操作。"), N_("请从页面上的按钮或链接进入。")),
    "too_large": (413, N_("提交的内容太大。"), N_("请分几次提交。")),
    "too_many": (429, N_("操作过于频繁。"), N_("请稍等片刻再试。")),
    "failed": (500, N_("服务器出错了，这次操作没有完成。"), N_("请稍后重试；仍不行时请联系管理员。")),
    "busy": (503, N_("服务器正忙。"), N_("请稍等片刻再试，已保存的内容不会丢失。")),
}
BY_STATUS: Final = {
    401: "sign_in_needed",
    403: "forbidden",
    404: "not_found",
    405: "not_allowed",
    413: "too_large",
    429: "too_many",
    503: "busy",
}


# Only whoever has signed in again may see the form.
NOT_ASKED_AGAIN: Final = frozenset({"sign_in_needed", "signed_out"})
OF_WHO_ASKS: Final = frozenset({b"host", b"cookie", b"accept-language", b"user-agent"})


class Problem(Exception):
    """The world or the user got something wrong: a code for machines, a message and a remedy for people."""

    def __init__(
        self, code: str, status: int, message: str, remedy: str, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status
        self.message = message
        self.remedy = remedy
        self.headers = headers or {}

    def only(self, *codes: str) -> Problem:
        """Itself, for a page that shows these to whoever filled it in; one of another code goes on being raised."""
        if self.code not in codes:
            raise self
        return self


def problem(code: str, **values: object) -> Problem:
    """A problem of the catalogue; values fill the {places} of its texts."""
    status, message, remedy = CATALOGUE[code]
    if values:
        message, remedy = message.format(**values), remedy.format(**values)
    return Problem(code, status, message, remedy)


def wants_json(request: Request) -> bool:
    return request.url.path.startswith(("/api/", "/sync/"))


def answer(request: Request, found: Problem) -> Response:
    """One problem as the caller can use it."""
    if wants_json(request):
        body = {"error": found.code, "message": found.message, "remedy": found.remedy}
        headers = {"WWW-Authenticate": "Bearer", **found.headers} if found.status == 401 else found.headers
        return JSONResponse(body, status_code=found.status, headers=headers)
    if found.code == "sign_in_needed" and request.method in ("GET", "HEAD"):
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(here)}", status_code=303)
    lang = request_language(request)
    page = render(
        request,
        "web/problem.html",
        status=found.status,
        code=found.code,
        message=translate(lang, found.message),
        remedy=translate(lang, found.remedy),
        back=_came_from(request),
    )
    page.headers.update(found.headers)
    return page


def _came_from(request: Request) -> str:
    """The page of ours that the request was sent from, by its address here; "/" where that is not known."""
    from_page = urlsplit(request.headers.get("referer", ""))
    known = from_page.netloc == request.url.netloc and from_page.path.startswith("/")
    return from_page.path + (f"?{from_page.query}" if from_page.query else "") if known else "/"


async def told(request: Request, found: Problem) -> Response:
    """One problem; where it refuses a form of ours, on the page the form stood on, filled in as it was sent."""
    sent = getattr(request, "_form", None)
    if sent is None or "hx-request" in request.headers or wants_json(request):
        return answer(request, found)
    if found.code in NOT_ASKED_AGAIN or _came_from(request) == "/":
        return answer(request, found)
    typed = [(name, value) for name, value in sent.multi_items() if isinstance(value, str)]
    here = dict(typed).get(refilling.SHOWN_ON, "")
    here = here if here.startswith("/") and not here.startswith("//") else _came_from(request)
    page = await _drawn(request, here, found)
    again = page and refilling.refilled(page, here=here, to=request.url.path, typed=typed)
    return HTMLResponse(again, found.status, found.headers) if again else answer(request, found)


async def _drawn(request: Request, here: str, found: Problem) -> str | None:
    """A page of ours as whoever asks sees it now, with what was wrong at its head; None where there is no such page."""
    parts, sent = urlsplit(here), list[Message]()
    if "." in parts.path:
        return None  # a sheet, which takes its time
    kept = {
        name: request.scope[name] for name in ("type", "asgi", "http_version", "scheme", "client", "server")
    }
    scope = kept | {
        "method": "GET",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "root_path": request.scope.get("root_path", ""),
        "query_string": parts.query.encode(),
        "headers": [each for each in request.scope["headers"] if each[0] in OF_WHO_ASKS],
        "state": {"refused": found},
    }

    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        return next(asked, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        sent.append(message)

    await request.app(scope, receive, send)
    # The page's form holds the token of the session it was drawn in, which may have begun with it.
    request.scope.setdefault("session", {}).update(scope.get("session", {}))
    is_page = sent[0]["status"] == 200 and any(
        name == b"content-type" and value.startswith(b"text/html") for name, value in sent[0]["headers"]
    )
    return b"".join(each.get("body", b"") for each in sent[1:]).decode() if is_page else None


async def _on_problem(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, Problem)
    return await told(request, exc)


async def _on_http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    code = BY_STATUS.get(exc.status_code, "malformed" if exc.status_code < 500 else "failed")
    _, message, remedy = CATALOGUE[code]
    found = Problem(code, exc.status_code, message, remedy, headers=dict(exc.headers or {}))
    # No route, no guard: whoever is signed in still finds the way back.
    request.app.state.shell.recognise(request)
    return answer(request, found)


async def _on_invalid(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    where = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in exc.errors())
    status, message, remedy = CATALOGUE["malformed"]
    return await told(request, Problem("malformed", status, f"{message} {where}", remedy))


async def _on_gone(request: Request, exc: Exception) -> Response:
    # A second click takes the first one's form away half sent. Nothing was done, and nobody hears this answer.
    assert isinstance(exc, ClientDisconnect)
    return Response(status_code=400)


async def _on_failure(request: Request, exc: Exception) -> Response:
    # The server behind this application logs the traceback; here is what was asked for.
    LOG.error("failed: %s %s: %s", request.method, request.url.path, type(exc).__name__)
    return answer(request, problem("failed"))


def install_handlers(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(ClientDisconnect, _on_gone)
    app.add_exception_handler(Exception, _on_failure)
