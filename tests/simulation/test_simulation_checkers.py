"""The checkers can fail: a fault is planted, and the right one complains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from server.lab.simulation import story as stories
from server.lab.simulation.checkers import check
from server.lab.simulation.evidence import gather
from server.lab.simulation.seams import Seams
from server.lab.simulation.story import draw
from server.lab.simulation.world import World
from sync.facts import PropertyState
from sync.messages import VILLAGE, FieldOutcome

SEED = 7
SEEDS = 20


def broken(evidence):
    return {violation.promise for violation in check(evidence)}


def lived(world):
    try:
        world.play(), world.heal()
        return gather(world)
    finally:
        world.close()


def without(mapping, key):
    return {name: value for name, value in mapping.items() if name != key}


# --- planted while the county lives ---------------------------------------------------------------------------


def test_a_hub_that_forgets_a_verdict(on):
    def forget(reply):
        if reply.verdicts and not forgotten:
            forgotten.append(reply.verdicts[0].submission)
        kept = (verdict for verdict in reply.verdicts if verdict.submission not in forgotten)
        return replace(reply, verdicts=tuple(kept))

    forgotten: list[str] = []
    for seed in range(SEEDS):
        forgotten.clear()
        if "nothing_lost" in broken(lived(World(on, draw(seed), Seams(on_the_way=forget)))):
            return
    raise AssertionError("nobody missed it")


def test_a_feed_that_skips_a_row(on):
    def skip(reply):
        households = [state.key for state in reply.changes if state.dataset == "household"]
        skipped.update(households[:1] if not skipped else ())
        return replace(reply, changes=tuple(state for state in reply.changes if state.key not in skipped))

    skipped: set[str] = set()
    for seed in range(SEEDS):
        skipped.clear()
        if "replicas_equal" in broken(lived(World(on, draw(seed), Seams(on_the_way=skip)))):
            return
    raise AssertionError("nobody missed it")


def test_a_tablet_that_drops_a_record(on_large):
    world = World(on_large, draw(SEED, "large"))
    world.play()
    tablet = next(tablet for tablet in world.tablets if tablet.replica.waiting_ids())
    dropped = tablet.replica.waiting_ids()[0]
    for statement in ("DELETE FROM target WHERE submission = ?", "DELETE FROM submission WHERE id = ?"):
        tablet.replica.db.conn.execute(statement, (dropped,))
    world.heal()
    evidence = gather(world)
    world.close()
    assert "nothing_lost" in broken(evidence)
    assert any(dropped in violation.what for violation in check(evidence))


def test_a_tablet_that_forgets_what_was_changed(on):
    world = World(on, draw(SEED))
    world.play()
    for tablet in world.tablets:
        tablet.replica.db.conn.execute("UPDATE target SET changed = '{}'")
    world.heal()
    evidence = gather(world)
    world.close()
    assert "changes_told" in broken(evidence)


def test_a_tablet_that_counts_what_it_had_recorded_before_as_changed_again(on):
    def by_what_was_read(evidence, id, key, before):
        told = evidence.changed[id]
        return {**told, key: {**evidence.changed[before].get(key, {}), **told.get(key, {})}}

    for seed in range(SEEDS):
        evidence = lived(World(on, draw(seed)))
        altered = {
            id: by_what_was_read(evidence, id, target.key, target.follows)
            for id, judged in evidence.journal.items()
            for target in judged.submission.targets
            if id in evidence.changed and target.follows in evidence.changed
        }
        if "changes_told" in broken(replace(evidence, changed={**evidence.changed, **altered})):
            return
    raise AssertionError("nobody missed it")


def test_a_hub_that_loses_a_committed_submission(on):
    world = World(on, draw(SEED))
    world.play(), world.heal()
    world.stage.leave()
    with world.hub.exchange.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM submission WHERE rowid = (SELECT max(rowid) FROM submission)")
    evidence = gather(world)
    world.close()
    assert "nothing_lost" in broken(evidence)


def test_a_value_replaced_by_a_record_that_nobody_has_any_more(on_large):
    """It explains what became of the value to whoever has read it, and to nobody else."""
    story, _ = stories.kept(Path(__file__).parent / "kept" / "replaced_by_a_record_lost_on_both_sides.json")
    evidence = lived(World(on_large, story))
    assert broken(evidence) == set() and evidence.forgotten
    assert broken(replace(evidence, forgotten=())) == {"lost_values"}
    unread = tuple(
        (replace(lost, targets=tuple(replace(each, base_version=99) for each in lost.targets)), saved)
        for lost, saved in evidence.forgotten
    )
    assert broken(replace(evidence, forgotten=unread)) == {"lost_values"}


def test_a_value_that_a_record_nobody_has_any_more_was_in_conflict_with(on_large):
    """It did not replace what it had seen, for its own value did not go in."""
    story, _ = stories.kept(Path(__file__).parent / "kept" / "replaced_by_a_record_lost_on_both_sides.json")
    world = World(on_large, story)
    world.play(), world.heal()
    assert (
        "conflict" not in {told.outcome for told in world.verdicts.values()}
        and broken(gather(world)) == set()
    )
    for id, told in world.verdicts.items():
        fields = tuple(
            FieldOutcome(target.dataset, target.id, name, "conflict", seen, "", "", "", "", "")
            for target in world.receipted[id].targets
            for name, seen in target.base.items()
        )
        world.verdicts[id] = replace(told, outcome="conflict", fields=fields)
    evidence = gather(world)
    world.close()
    assert broken(evidence) == {"lost_values"}


def test_a_tablet_that_was_put_back_goes_on_from_nothing_that_it_lost(on_large):
    """What comes then goes on from the stage alone, whoever may still have what was lost."""
    story, _ = stories.kept(Path(__file__).parent / "kept" / "restored_tablet_restored_hub.json")
    world = World(on_large, story)
    evidence = lived(world)
    after = [id for id, life in world.lives.items() if any(fork.startswith("back") for fork in life)]
    assert world.gone and after
    assert not any(evidence.one_line(lost, id) for lost in world.gone for id in after)
    before = [id for tablet in evidence.tablets for id in tablet.saved if id in evidence.before]
    assert all(any(evidence.one_line(id, other) for other in before) for id in after)


def test_what_was_said_under_the_id_of_a_home_merged_away(on_large):
    """It explains what became of a value as long as it is to be seen itself: in a conflict carried over, or by what the
    official said who took it over."""
    kept = Path(__file__).parent / "kept"
    story, _ = stories.kept(kept / "in_conflict_under_the_id_merged_away.json")
    evidence = lived(World(on_large, story))
    (home,) = (held for held in evidence.entities.values() if held.parts and held.conflicts)
    unsaid = replace(home, conflicts=(), parts=tuple(replace(each, conflicts=()) for each in home.parts))
    assert broken(evidence) == set()
    assert "lost_values" in broken(replace(evidence, entities={**evidence.entities, home.key: unsaid}))
    story, _ = stories.kept(kept / "taken_over_from_an_own_record.json")
    evidence = lived(World(on_large, story))
    assert broken(evidence) == set()
    assert "lost_values" in broken(replace(evidence, acts={}))


# --- planted in what is left ----------------------------------------------------------------------------------


def test_tablets_that_never_fall_quiet(evidence):
    assert broken(replace(evidence, contacts_n=None)) == {"nothing_lost"}


def test_a_verdict_that_was_told_otherwise(evidence):
    id, judged = next(
        (id, each) for id, each in evidence.journal.items() if each.verdict.outcome == "applied"
    )
    other = replace(judged, verdict=replace(judged.verdict, marks=("after_handover",)))
    assert broken(replace(evidence, journal={**evidence.journal, id: other})) == {"nothing_lost"}


def test_an_effect_that_came_twice(evidence):
    key, held = next(iter(evidence.entities.items()))
    doubled = replace(held, version=held.version + len(evidence.touching(key)))
    assert "nothing_doubled" in broken(replace(evidence, entities={**evidence.entities, key: doubled}))


def test_a_record_that_nobody_saved(evidence):
    saved = (id for tablet in evidence.tablets for id in tablet.saved if id not in evidence.before)
    made = next(saved)
    tablets = tuple(replace(tablet, saved=without(tablet.saved, made)) for tablet in evidence.tablets)
    assert "nothing_doubled" in broken(replace(evidence, tablets=tablets))


def test_a_feed_with_a_gap(evidence):
    assert "nothing_doubled" in broken(replace(evidence, feed=evidence.feed[1:]))


@pytest.mark.parametrize("change", [{"version": 99}, {"props": {"head_name": "别人"}}, {"at_hub": False}])
def test_a_replica_that_shows_something_else(evidence, change):
    tablet = next(tablet for tablet in evidence.tablets if tablet.entities)
    key, holding = next((key, each) for key, each in tablet.entities.items() if each.at_hub)
    other = replace(tablet, entities={**tablet.entities, key: replace(holding, **change)})
    tablets = tuple(other if each is tablet else each for each in evidence.tablets)
    assert broken(replace(evidence, tablets=tablets)) == {"replicas_equal"}


def test_a_tablet_that_has_an_account_number_whole(evidence):
    tablet, key, holding = next(
        (tablet, key, each)
        for tablet in evidence.tablets
        for key, each in tablet.entities.items()
        if key.startswith("payee/") and each.at_hub
    )
    whole = {**holding.props, "account": evidence.entities[key].values()["account"]}
    other = replace(tablet, entities={**tablet.entities, key: replace(holding, props=whole)})
    tablets = tuple(other if each is tablet else each for each in evidence.tablets)
    assert broken(replace(evidence, tablets=tablets)) == {"replicas_equal"}


def test_a_value_that_was_overwritten_unseen(evidence):
    """Of some, their own people have spoken again; the others must be missed."""
    applied = [
        (id, f"{field.dataset}/{field.id}", field.property)
        for id, judged in evidence.journal.items()
        for field in judged.verdict.fields
        if field.outcome == "applied" and field.mine and field.property != VILLAGE
    ]
    assert any("lost_values" in broken(_overwritten(evidence, *each)) for each in applied)


def _overwritten(evidence, id, key, name):
    held = evidence.entities[key]
    state = PropertyState("nobody's", held.props[name].version, id, ())
    other = replace(held, props={**held.props, name: state}, conflicts=())
    return replace(evidence, entities={**evidence.entities, key: other})


def test_a_change_that_was_taken_for_none(evidence):
    """Of some, their own people have spoken again, or the registry says the same; the others must be missed."""
    changed = [
        (id, key, name)
        for id, entities in evidence.changed.items()
        for key, values in entities.items()
        for name in values
        if id in evidence.journal and key in evidence.journal[id].traces
    ]
    assert any("passed_over" in broken(_passed_over(evidence, *each)) for each in changed)


def _passed_over(evidence, id, key, name):
    judged = evidence.journal[id]
    trace = judged.traces[key]
    steps = {**trace.steps, name: trace.steps[name]._replace(outcome="")}
    traces = {**judged.traces, key: replace(trace, steps=steps)}
    other = replace(evidence, journal={**evidence.journal, id: replace(judged, traces=traces)})
    return _overwritten(other, id, key, name)


def test_a_conflict_that_was_closed_without_a_decision(evidence):
    silent = {key: replace(held, conflicts=()) for key, held in evidence.entities.items()}
    assert "lost_values" in broken(replace(evidence, entities=silent))


def test_a_conflict_of_a_tablet_with_itself(evidence):
    key, held = next((key, held) for key, held in evidence.entities.items() if held.conflicts)
    first = held.conflicts[0]
    itself = replace(held, conflicts=(replace(first, by=first.submission),))
    unsaid = {
        id: replace(judged, verdict=replace(judged.verdict, fields=()))
        for id, judged in evidence.journal.items()
    }
    altered = replace(evidence, entities={**evidence.entities, key: itself}, journal=unsaid)
    assert "no_self_conflict" in broken(altered)


@pytest.mark.parametrize("dataset", ["household", "coal_use"])
def test_a_table_that_says_something_else(evidence, dataset):
    rows = evidence.typed[dataset]
    id = next(iter(rows))
    for altered in (without(rows, id), {**rows, id: {**rows[id], "village": "140525100009"}}):
        assert "tables_recounted" in broken(replace(evidence, typed={**evidence.typed, dataset: altered}))


@pytest.mark.parametrize("change", [{"device_by": ""}, {"device_surveyed": "kang"}])
def test_a_device_that_is_said_to_be_somebody_elses_word(evidence, change):
    rows = evidence.typed["household"]
    id = next(id for id, row in rows.items() if row["device_by"] and row["device_surveyed"] != "kang")
    altered = {**rows, id: {**rows[id], **change}}
    assert broken(replace(evidence, typed={**evidence.typed, "household": altered})) == {"devices_traced"}


@pytest.mark.parametrize("change", [{"safe_to_hand_in": False}, {"drafts_n": 1}, {"conflict_n": 77}])
def test_a_status_that_is_not_true(evidence, change):
    first = evidence.tablets[0]
    other = replace(first, status=replace(first.status, **change))
    assert broken(replace(evidence, tablets=(other, *evidence.tablets[1:]))) == {"statuses_true"}


@pytest.mark.parametrize("name", ["households", "heated", "clean", "without_area"])
def test_a_coverage_that_counts_one_home_more(evidence, name):
    more = replace(evidence.coverage, **{name: getattr(evidence.coverage, name) + 1})
    assert broken(replace(evidence, coverage=more)) == {"coverage_recounted"}


def test_a_digest_of_something_else(evidence):
    village, head = next(iter(evidence.heads.items()))
    other = {**evidence.digests, (village, head): "0" * 40}
    assert broken(replace(evidence, digests=other)) == {"digests_agree"}
    first = next(tablet for tablet in evidence.tablets if tablet.digests)
    for altered in (
        replace(first, digests=dict.fromkeys(first.digests, "0" * 40)),
        replace(first, digests={}),
        replace(first, reread=(village,)),
    ):
        tablets = tuple(altered if each is first else each for each in evidence.tablets)
        assert broken(replace(evidence, tablets=tablets)) == {"digests_agree"}


def test_a_hub_that_finds_itself_at_fault(evidence):
    assert broken(replace(evidence, findings=(("feed", "x", "y"),))) == {"hub_verified"}
