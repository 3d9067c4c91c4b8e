"""Everything that may go wrong at the edge, in one catalogue.

A problem says what is wrong and what to do about it. Only this module knows how one is answered: a page
for people, JSON for tablets and scripts, the way to the sign-in page for whoever is not signed in.
"""

from __future__ import annotations

import logging
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from server.web.language import N_, request_language, translate
from server.web.rendering import render

LOG = logging.getLogger(__name__)

CATALOGUE: Final[dict[str, tuple[int, str, str]]] = {
    "malformed": (400, N_("请求的内容无法读懂。"), N_("请检查填写的内容后重新提交。")),
    "sign_in_needed": (401, N_("请先登录。"), N_("打开登录页，输入账号和密码；接口请带上令牌。")),
    "forbidden": (403, N_("您的账号没有这项权限。"), N_("请联系本县管理员开通权限，或换用有权限的账号。")),
    "csrf": (403, N_("页面停留过久，提交没有通过核验。"), N_("请返回上一页刷新后重新提交。")),
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
    )
    page.headers.update(found.headers)
    return page


async def _on_problem(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, Problem)
    return answer(request, exc)


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
    return answer(request, Problem("malformed", status, f"{message} {where}", remedy))


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
