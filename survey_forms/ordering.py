"""In what order a form is worked out, and what a change reaches.

A circular calculation has no order; it is found here, when the form is read, and not by a tablet that hangs.
"""

from collections.abc import Mapping

from survey_forms.form import Issue, Node


def ordered(nodes: Mapping[str, Node]) -> tuple[tuple[Node, ...], tuple[Issue, ...]]:
    """Every node after all it needs (document order otherwise), and one issue for each circle."""
    done: dict[str, Node] = {}
    issues: list[Issue] = []
    for start in nodes:
        _visit(start, nodes, done, issues)
    return tuple(done.values()), tuple(issues)


def _visit(start: str, nodes: Mapping[str, Node], done: dict[str, Node], issues: list[Issue]) -> None:
    """Depth first without recursion: a form of a thousand questions in a chain is still a form."""
    if start in done:
        return
    trail = [start]
    waiting = [_needs(start, nodes)]
    on_trail = {start}
    while trail:
        if not waiting[-1]:
            path = trail.pop()
            waiting.pop()
            on_trail.discard(path)
            done[path] = nodes[path]
            continue
        path = waiting[-1].pop()
        if path in on_trail:
            circle = [*trail[trail.index(path) :], path]
            issues.append(
                Issue(path, "循环计算：" + " → ".join(circle), "请打断循环：让其中一题不再引用另一题")
            )
        elif path not in done:
            trail.append(path)
            on_trail.add(path)
            waiting.append(_needs(path, nodes))


def _needs(path: str, nodes: Mapping[str, Node]) -> list[str]:
    return sorted((need for need in nodes[path].needs if need in nodes), reverse=True)


def affected(order: tuple[Node, ...]) -> dict[str, tuple[Node, ...]]:
    """Path → the nodes that a change there may reach, in the order they are worked out."""
    followers: dict[str, set[str]] = {}
    for node in order:
        for need in node.needs:
            followers.setdefault(need, set()).add(node.path)
    rank = {node.path: position for position, node in enumerate(order)}
    reached: dict[str, frozenset[str]] = {}
    for node in reversed(order):
        direct = followers.get(node.path, set())
        reached[node.path] = frozenset(direct).union(*(reached[path] for path in direct))
    return {
        path: tuple(order[place] for place in sorted(rank[each] for each in paths))
        for path, paths in reached.items()
    }


def watchers(
    nodes: Mapping[str, Node], group_reads: Mapping[str, frozenset[str]]
) -> dict[str, tuple[str, ...]]:
    """Path → the nodes whose appearance it may change; `group_reads` is what the labels around a node read."""
    found: dict[str, list[str]] = {}
    for node in nodes.values():
        for path in node.looks | group_reads.get(node.path, frozenset()):
            found.setdefault(path, []).append(node.path)
    return {path: tuple(paths) for path, paths in found.items()}
