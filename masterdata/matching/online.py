"""Some records at a time: the same entities as all at once, whatever order the records come in.

A pair is kept if it weighs enough to be reviewed and shares a key that is not generic, that is, one that no more records
have than its cap. Both follow from the records that are there, so what is kept after any changes is what a batch over the
same records finds. A key that becomes generic, or is so no longer, has the pairs of its records looked at again. The
components that a change touches are partitioned anew, by the same pure function as in a batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import combinations

from masterdata.matching.book import Book, Edge, Memory
from masterdata.matching.cluster import LARGE, Pair, components, partition
from masterdata.matching.crossing import Keys, look
from masterdata.matching.judging import evidence
from masterdata.matching.moot import moot
from masterdata.matching.scorer import Features, Scorer

__all__ = ["Book", "Edge", "Memory", "arrive", "settle"]


def arrive(scorer: Scorer, book: Book, changed: Mapping[int, Features | None], least: int) -> list[list[int]]:
    """Take records that are new, changed, or gone (None). Returns the clusters, each sorted, of all that they touch."""
    there = {record: features for record, features in sorted(changed.items()) if features is not None}
    own = {record: scorer.keys(features) for record, features in there.items()}
    before = book.keys(changed)
    touched = _ends(book.edges(changed))
    for record in sorted(changed):
        if record in there:
            book.put(record, there[record], own[record])
        else:
            book.remove(record)
    keys = look(scorer, book, own, {record: before.get(record, ()) for record in changed})
    others = {record: _found_by(keys, own[record]) - {record} for record in there}
    known = dict(book.features(set().union(*others.values(), *keys.opened.values()) - there.keys())) | there
    for record in there:
        found = (_weigh(scorer, known, record, other) for other in sorted(others[record]))
        edges = [edge for edge in found if edge is not None]
        book.replace_edges(record, edges)
        touched |= _ends(edges)
    touched |= _again(scorer, book, keys, known, changed)
    return settle(scorer, book, touched | changed.keys(), least)


def _found_by(keys: Keys, own: Collection[int]) -> set[int]:
    return set().union(*(keys.open[key] for key in own if key in keys.open))


def _weigh(scorer: Scorer, known: Mapping[int, Features], one: int, other: int) -> Edge | None:
    scored = scorer.score(known[one], known[other])
    if scored.weight < scorer.review:
        return None
    return Edge(min(one, other), max(one, other), scored.weight, bool(scored.vetoes))


def _ends(edges: Iterable[Edge]) -> set[int]:
    return {end for edge in edges for end in (edge.one, edge.other)}


def _again(scorer: Scorer, book: Book, keys: Keys, known: Mapping[int, Features], changed: Collection[int]) -> set[int]:
    """Edges between records that did not change, but whose key became generic or is so no longer. Returns their ends."""
    done = set(changed)
    closed = {key: set(records) - done for key, records in keys.closed.items()}
    opened = {key: set(records) - done for key, records in keys.opened.items()}
    concerned = set().union(*closed.values(), *opened.values())
    if not concerned:
        return set()
    now = {(edge.one, edge.other): edge for edge in book.edges(concerned)}
    fresh: dict[Pair, Edge] = {}
    for pair in sorted({pair for records in opened.values() for pair in combinations(sorted(records), 2)} - now.keys()):
        if (edge := _weigh(scorer, known, *pair)) is not None:
            fresh[pair] = edge
    doubtful = {pair for pair in now if any(records.issuperset(pair) for records in closed.values())}
    lost = doubtful - _still_found(scorer, book, keys, doubtful)
    moved = {end for pair in (*fresh, *lost) for end in pair}
    kept = [edge for pair, edge in sorted({**now, **fresh}.items()) if pair not in lost]
    edges: dict[int, list[Edge]] = {record: [] for record in sorted(moved)}
    for edge in kept:
        for end in moved.intersection((edge.one, edge.other)):
            edges[end].append(edge)
    for record, found in edges.items():
        book.replace_edges(record, found)
    return moved


def _still_found(scorer: Scorer, book: Book, keys: Keys, pairs: Collection[Pair]) -> set[Pair]:
    """Those of the pairs that share a key that is not generic."""
    if not pairs:
        return set()
    own = {one: scorer.keys(features) for one, features in book.features({end for p in pairs for end in p}).items()}
    shared = {(one, other): own[one].keys() & own[other].keys() for one, other in pairs}
    wanted = {key: own[pair[0]][key] for pair, both in shared.items() for key in both if key not in keys.seen}
    size = {key: len(records) for key, records in book.holders(wanted).items()}
    return {
        pair
        for pair, both in shared.items()
        if any(key in keys.open if key in keys.seen else size[key] <= wanted[key] for key in both)
    }


def settle(scorer: Scorer, book: Book, records: Iterable[int], least: int) -> list[list[int]]:
    """The clusters of every component that holds one of these records; the book is told which of its edges are moot. What a
    steward said is the same hangs together without an edge; records that are gone only lead to others."""
    members, pairs, decided = set(records), set[Pair](), dict[Pair, bool]()
    fresh = members
    while fresh:
        decided.update(book.decided(fresh))
        met = {(edge.one, edge.other) for edge in book.edges(fresh)}
        met |= {pair for pair, same in decided.items() if same}
        pairs |= met
        fresh = {end for pair in met for end in pair} - members
        members = members | fresh
    known = book.features(members)
    pairs = {pair for pair in pairs if known.keys() >= set(pair)}
    groups = components(pairs)
    groups += [[one] for one in members.difference(*groups) if one in known]
    first = {one: group[0] for group in groups for one in group}
    edges: dict[int, set[Pair]] = {group[0]: set() for group in groups}
    said: dict[int, dict[Pair, bool]] = {group[0]: {} for group in groups}
    for pair in pairs:
        edges[first[pair[0]]].add(pair)
    for pair, same in decided.items():
        if pair[0] in first and first[pair[0]] == first.get(pair[1]):
            said[first[pair[0]]][pair] = same
    rank = book.rank([one for group in groups if len(group) > 1 for one in group])
    found: list[list[int]] = []
    for group in groups:
        ordered = sorted(group, key=rank.get)  # type: ignore[arg-type]
        clusters, settled = _clusters(scorer, known, ordered, edges[group[0]], said[group[0]], least)
        found += clusters
        if len(group) > 1:
            book.moot({pair: pair in settled for pair in edges[group[0]]})
    return sorted(found)


def _clusters(
    scorer: Scorer,
    known: Mapping[int, Features],
    members: list[int],
    edges: Collection[Pair],
    decided: Mapping[Pair, bool],
    least: int,
) -> tuple[list[list[int]], set[Pair]]:
    """Clusters of a component whose members stand in the order that breaks ties, and which of its edges are moot."""
    if len(members) == 1:
        return [members], set()
    place = {one: at for at, one in enumerate(members)}
    features = {place[one]: known[one] for one in members}
    said = {_placed(place, pair): same for pair, same in decided.items()}
    pairs = list(combinations(range(len(members)), 2))
    if len(members) > LARGE:
        pairs = sorted(_placed(place, pair) for pair in edges)
    found, vetoes = evidence(scorer, features, features, pairs)
    forbidden = {pair for pair in vetoes if not said.get(pair)}
    vetoes = forbidden | {pair for pair, same in said.items() if not same}
    same = [pair for pair, one in said.items() if one]
    odds = (scorer.weights.prior, scorer.weights.kin)
    clusters = partition(features, found, vetoes, least, odds, same)
    near = {_placed(place, pair): pair for pair in edges}
    settled = moot(clusters, found, forbidden, same, near.keys(), odds)
    return [sorted(members[at] for at in cluster) for cluster in clusters], {near[pair] for pair in settled}


def _placed(place: Mapping[int, int], pair: Pair) -> Pair:
    a, b = place[pair[0]], place[pair[1]]
    return (a, b) if a < b else (b, a)
