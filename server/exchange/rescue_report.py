"""A rescue file at the command line: what is in it, then what came of taking it, line by line.

For files too large for the page, and for a server that has no page to offer just now.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from starlette.datastructures import State

from server.access.tables import Rescue
from server.database import read, write
from server.exchange import rescue, rescue_file, rescue_words
from server.exchange.photos import PhotoDesk
from server.exchange.rescue import Outcome
from server.exchange.rescue_file import Contents
from server.exchange.rescue_words import Begun, Words
from server.exchange.store import Exchange
from server.web.figures import moment
from sync.codec import to_instant


def carried_out(state: State, data: bytes, name: str, *, look: bool, now: datetime) -> Iterator[str]:
    """Opens the file and tells what it holds; unless only to `look`, takes it. Raises Problem `rescue_…`."""
    contents = rescue_file.look(data, state.keyring, state.settings.county)
    with read(state.engine) as session:
        said = rescue_words.words(session, state.exchange, contents, "zh")
        yield from _held(contents, rescue.lines(session, state.exchange, contents), said, state.exchange)
    if look:
        yield "只看了内容，没有导入。"
        return
    with write(state.engine) as session:
        row: Rescue = rescue.keep(session, contents, data, name, "", now)
    desk = PhotoDesk(state.engine, state.photo_files)
    yield _came_of_it(rescue.take(state.exchange, desk, state.keyring, row, by="", now=now))


def _held(contents: Contents, lines: list[rescue.Line], said: Words, exchange: Exchange) -> Iterator[str]:
    titles = exchange.forms.titles("zh")
    yield f"{contents.person_name} 的平板 {contents.device[:8]}，{moment(contents.made_at)} 写出"
    known_n = sum(line.verdict is not None for line in lines)
    yield (
        f"记录 {len(lines)} 条（服务器已有 {known_n} 条），读不懂的 {len(contents.unreadable)} 条，"
        f"草稿 {len(contents.drafts)} 份，照片 {len(contents.photos)} 张"
    )
    for village in sorted({line.submission.village for line in lines}):
        some = [line for line in lines if line.submission.village == village]
        made = sorted(to_instant(line.submission.observed_at) for line in some)
        people = "、".join(sorted({line.person for line in some}))
        yield f"· {some[0].village}：{len(some)} 条，{people}，{moment(made[0])} 至 {moment(made[-1])}"
        for line in some:
            sent = line.submission
            home = said.homes[sent.id] or "没有门牌和户主"
            yield f"  {moment(to_instant(sent.observed_at))} {titles.get(sent.form, sent.form)}：{home}"
    for each in said.drafts:
        yield from _draft(each, titles.get(each.draft.form, each.draft.form))


def _draft(each: Begun, form: str) -> Iterator[str]:
    at = f"，最后修改 {moment(each.draft.updated_at)}" if each.draft.updated_at else ""
    yield f"· 草稿（不导入，请照着重新填完）：{form}，{each.village}，{each.home or '没有门牌和户主'}{at}"
    yield f"  {each.raw if each.answers is None else rescue_words.told(each.answers) or '还没有填写'}"


def _came_of_it(outcome: Outcome) -> str:
    by = outcome.verdicts
    return (
        f"已导入：已采用 {by['applied'] + by['merged']} 条，有冲突 {by['conflict']} 条，被退回 {by['rejected']} 条，"
        f"暂不能处理 {outcome.not_yet_n} 条；照片收下 {outcome.photos_n} 张，没有收下 {outcome.photos_refused_n} 张。"
    )
