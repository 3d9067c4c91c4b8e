"""Digests between a real replica and the real store, on both databases: what differs is found, told and put right."""

from concurrent.futures import ThreadPoolExecutor

from server import database
from server.exchange import digests
from server.registry.policy import OFFICE, POLICY

A, B, C = "140525100201", "140525100202", "140525100203"


def damage(reader) -> str:
    """One bit in a value of a row as it lies in the tablet's file; gives the village."""
    [(key, village, props)] = reader.sql("SELECT rowid, village, props FROM entity ORDER BY id LIMIT 1")
    at = props.index("not_at_home")
    rotten = props[:at] + chr(ord("n") ^ 1) + props[at + 1 :]
    reader.replica.db.conn.execute("UPDATE entity SET props = ? WHERE rowid = ?", (rotten, key))
    return village


def values(reader) -> list[tuple[object, ...]]:
    return reader.sql(
        "SELECT dataset, id, village, version, props, conflicts FROM entity ORDER BY dataset, id"
    )


def test_both_ends_come_to_the_same_digest(hub, recorder, reader) -> None:
    [one, *_] = recorder.visits(A, A, B)
    reader.calls()
    recorder.again(A, one, visit_outcome="refused")
    reader.calls()
    assert hub.kept() == hub.recounted()
    assert reader.replica.stated().digests == {**hub.kept(), C: digests.EMPTY}
    account = reader.calls()
    assert reader.requests[-1].digest and account.requests_n == 1
    assert not account.villages_reread and hub.log() == []
    assert hub.sql("SELECT digest FROM tablet_digest") == [(reader.requests[-1].digest,)]


def test_a_changed_bit_on_the_tablet_is_found_and_read_anew(hub, recorder, reader) -> None:
    recorder.visits(A, A, B, C)
    reader.calls()
    sound = values(reader)
    village = damage(reader)
    # One village in turn is counted from its rows at each contact, and stated at the next.
    accounts = [reader.calls() for _ in range(4)]
    [repaired] = [account for account in accounts if account.villages_reread]
    assert repaired.villages_reread == (village,)
    assert [step.text for step in repaired.steps if step.code == "villages_reread"] == [
        "1 个村在本机的数据与服务器不一致，已重新读取；本机的记录都在。"
    ]
    assert values(reader) == sound
    [line] = hub.log()
    assert village in line and hub.kept()[village] in line
    assert not any(reader.calls().villages_reread for _ in range(4))


def test_a_difference_is_found_though_the_village_went_on(hub, recorder, reader) -> None:
    recorder.visits(A, B, C)
    reader.calls()
    village = damage(reader)
    found = []
    for _ in range(4):
        recorder.visits(A, B, C)
        found += reader.calls().villages_reread
    assert found == [village]
    assert reader.replica.stated().digests == hub.kept()


def test_the_hub_puts_itself_right_before_it_blames_a_tablet(hub, recorder, reader) -> None:
    recorder.visits(A, B)
    reader.calls()
    hub.sql("UPDATE village_digest SET digest = :wrong WHERE village = :village", wrong="f" * 40, village=A)
    account = reader.calls()
    assert account.requests_n == 2 and not account.villages_reread
    assert hub.kept() == hub.recounted()
    assert "服务器重新核算" in hub.log()[0]
    assert reader.calls().requests_n == 1


def test_a_row_the_tablet_lost_comes_back_and_one_it_invented_goes(hub, recorder, reader) -> None:
    recorder.visits(A, A, B)
    reader.calls()
    sound = values(reader)
    connection = reader.replica.db.conn
    connection.execute("DELETE FROM entity WHERE rowid = (SELECT min(rowid) FROM entity)")
    connection.execute("UPDATE entity SET id = replace(id, '-4', '-5'), version = 99 WHERE village = ?", (B,))
    for _ in range(4):
        reader.calls()
    assert values(reader) == sound
    assert reader.replica.stated().digests == {**hub.kept(), C: digests.EMPTY}


def test_a_policy_that_masks_more_reaches_what_tablets_hold(hub, recorder, reader, with_policy) -> None:
    recorder.visits(A, B, new_phone="13800001111", new_head="张三")
    reader.calls()
    with_policy(hub, masked={**POLICY.masked, "household": frozenset({"head_name"})})
    engine, masked = hub.exchange.engine, hub.exchange.policy.masked
    assert digests.ensure(engine, masked) and not digests.ensure(engine, masked)
    assert hub.kept() == hub.recounted()
    assert set(reader.calls().villages_reread) == {A, B}
    assert reader.sql("SELECT DISTINCT props LIKE '%张三%' FROM entity") == [(0,)]
    assert reader.replica.stated().digests == {**hub.kept(), C: digests.EMPTY}


def test_a_database_from_before_there_were_digests_is_counted_at_its_start(hub, recorder) -> None:
    recorder.visits(A, B, B)
    before = hub.kept()
    hub.sql("DELETE FROM village_digest")
    hub.sql("DELETE FROM hub_meta WHERE name = 'digests'")
    assert digests.ensure(hub.exchange.engine, POLICY.masked)
    assert hub.kept() == before
    recorder.visits(B)
    assert hub.kept() == hub.recounted()


def test_writers_at_the_same_time_keep_the_sum(hub, enrol, recorder) -> None:
    writers = [
        type(recorder)(hub, enrol(hub.exchange.engine, recorder.tablet.clock, A, B, C)) for _ in range(4)
    ]

    def work(writer) -> None:
        for _ in range(6):
            writer.visits(A, B, C)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, writers))
    assert hub.kept() == hub.recounted()
    rows = hub.sql("SELECT count(*) FROM village_digest")
    assert rows == [(72,)]


def test_nothing_the_office_states_is_masked() -> None:
    """It is counted into digests as it is: who masks one of these has to say so there too."""
    assert not OFFICE & POLICY.masked.keys()


def test_a_digest_that_is_not_known_any_more_is_not_a_difference(hub, recorder, reader) -> None:
    recorder.visits(A, B)
    reader.calls()
    hub.sql("DELETE FROM village_digest WHERE village = :village", village=A)
    assert reader.calls().requests_n == 1
    with database.read(hub.exchange.engine) as session:
        assert digests.kept(session, "140525", {A: 1, C: 0}) == {A: None, C: digests.EMPTY}
