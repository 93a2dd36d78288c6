"""What others of two entities forbid is no question, unless a record at an end could as well be of the other one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from masterdata.matching.cluster import Pair, link
from masterdata.matching.moot import CLOSE, moot

ODDS = (0, 0)
A1, A2, B1, B2 = range(4)
CLUSTERS = [[A1, A2], [B1, B2]]


def weighed(**links: int) -> dict[Pair, tuple[int, ...]]:
    """Evidence of one comparison, by the digits of the pair: ``p02=5`` links 0 and 2 with 5 milli-bits."""
    return {(int(name[1]), int(name[2])): (1, 0, bits, bits, 1) for name, bits in links.items()}


FAR = weighed(p01=20_000, p02=-30_000, p03=-30_000, p12=-30_000, p13=9_000, p23=20_000)


def test_records_that_fit_their_own_far_better_are_no_question() -> None:
    assert moot(CLUSTERS, FAR, {(A1, B1)}, (), {(A2, B2)}, ODDS) == {(A2, B2)}


def test_nothing_is_moot_without_a_veto_between_the_two() -> None:
    assert moot(CLUSTERS, FAR, set(), (), {(A2, B2)}, ODDS) == set()
    assert moot([*CLUSTERS, [4]], FAR, {(B1, 4)}, (), {(A2, B2)}, ODDS) == set()


def test_a_record_that_could_as_well_be_of_the_other_stays_a_question() -> None:
    near = FAR | weighed(p13=20_000 - CLOSE)
    assert moot(CLUSTERS, near, {(A1, B1)}, (), {(A2, B2)}, ODDS) == set()
    just = FAR | weighed(p13=20_000 - CLOSE - 1)
    assert moot(CLUSTERS, just, {(A1, B1)}, (), {(A2, B2)}, ODDS) == {(A2, B2)}


def test_what_is_forbidden_itself_or_was_said_to_belong_could_not_move() -> None:
    near = FAR | weighed(p13=20_000)
    assert moot(CLUSTERS, near, {(A1, B1), (A2, B1), (A1, B2)}, (), {(A2, B2)}, ODDS) == {(A2, B2)}
    assert moot(CLUSTERS, near, {(A1, B1)}, {(A1, A2), (B1, B2)}, {(A2, B2)}, ODDS) == {(A2, B2)}


@given(
    st.lists(st.integers(0, 3), min_size=6, max_size=6),
    st.dictionaries(st.sampled_from([(a, b) for b in range(6) for a in range(b)]), st.integers(-40_000, 40_000)),
    st.sets(st.sampled_from([(a, b) for b in range(6) for a in range(b)])),
    st.permutations(range(6)),
)
def test_numbers_of_records_do_not_matter(
    homes: list[int], bits: dict[Pair, int], vetoes: set[Pair], other: list[int]
) -> None:
    clusters = [found for at in range(4) if (found := [one for one in range(6) if homes[one] == at])]
    vetoes = {pair for pair in vetoes if homes[pair[0]] != homes[pair[1]]}
    evidence = {pair: (1, 0, each, each, 1) for pair, each in bits.items()}
    edges = bits.keys() - vetoes

    def renamed(pair: Pair) -> Pair:
        a, b = other[pair[0]], other[pair[1]]
        return (a, b) if a < b else (b, a)

    found = moot(clusters, evidence, vetoes, (), edges, ODDS)
    again = moot(
        [[other[one] for one in cluster] for cluster in reversed(clusters)],
        {renamed(pair): each for pair, each in evidence.items()},
        {renamed(pair) for pair in vetoes},
        (),
        {renamed(pair) for pair in edges},
        ODDS,
    )
    assert again == {renamed(pair) for pair in found}
    for a, b in found:
        assert homes[a] != homes[b] and any({homes[a], homes[b]} == {homes[x], homes[y]} for x, y in vetoes)
        assert all(link(evidence[pair], *ODDS) == bits[pair] for pair in ((a, b),))
