"""Splink models as a competent user writes them: raw customer columns, normalised columns, febrl's persons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import block_on


@dataclass(frozen=True)
class Model:
    """Comparisons, the rules that find candidates, those the training blocks on and those that are nearly sure.

    Pairs below the weight `floor` are not kept: it lies well under any threshold that was ever the best one.
    """

    comparisons: list[Any]
    blocking: list[Any]
    training: list[Any]
    sure: list[Any]
    recall: float
    floor: float


def raw() -> Model:
    """The columns as they come, empty ones null."""
    return Model(
        comparisons=[
            cl.JaroWinklerAtThresholds("name", [0.95, 0.9, 0.8]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("alias", [0.9]),
            cl.DamerauLevenshteinAtThresholds("uscc", [1, 2]),
            _exact("contact"),
            _exact("phone"),
            _exact("mobile"),
            _exact("email"),
            cl.JaroWinklerAtThresholds("address", [0.95, 0.88, 0.8]).configure(term_frequency_adjustments=True),
            _exact("city"),
            _exact("legal_person"),
            _exact("website"),
        ],
        blocking=[
            block_on("name"), block_on("uscc"), block_on("phone"), block_on("mobile"), block_on("email"), block_on("address"),
            block_on("website"), block_on("substr(name, 1, 4)"), block_on("contact", "city"), block_on("legal_person", "city"),
        ],
        training=[block_on("name"), block_on("mobile"), block_on("uscc")],
        sure=[block_on("uscc"), block_on("mobile"), block_on("name", "city")],
        recall=0.6,
        floor=-20,
    )  # fmt: skip


def normalised() -> Model:
    """The columns of a normaliser (`plain.COLUMNS`)."""
    name = cl.CustomComparison(
        output_column_name="brand",
        comparison_levels=[
            cll.NullLevel("brand"),
            cll.CustomLevel(
                "brand_l = brand_r and trade_l = trade_r", "brand and trade equal"
            ).configure(tf_adjustment_column="brand", disable_tf_exact_match_detection=True),
            cll.ExactMatchLevel("brand", term_frequency_adjustments=True),
            cll.CustomLevel("starts_with(name_core_l, brand_r) or starts_with(name_core_r, brand_l)", "one begins the other"),
            cll.JaroWinklerLevel("name_core", 0.9),
            cll.LevenshteinLevel("brand", 1),
            cll.JaroWinklerLevel("name_core", 0.75),
            cll.ElseLevel(),
        ],
    )  # fmt: skip
    code = cl.CustomComparison(
        output_column_name="uscc_valid",
        comparison_levels=[
            cll.CustomLevel("org_code_l is null or org_code_r is null", "no code").configure(is_null_level=True),
            cll.ExactMatchLevel("uscc_valid"),
            cll.ExactMatchLevel("org_code"),
            cll.CustomLevel(
                "(uscc_valid_l is null or uscc_valid_r is null) and damerau_levenshtein(org_code_l, org_code_r) <= 2",
                "a typing error away",
            ),
            cll.ElseLevel(),
        ],
    )
    # one comparison for the place: city, district and road say the same thing three times
    where = cl.CustomComparison(
        output_column_name="city",
        comparison_levels=[
            cll.NullLevel("city"),
            cll.CustomLevel("city_l = city_r and road_l = road_r and number_l = number_r", "road and number equal"),
            cll.CustomLevel("city_l = city_r and road_l = road_r", "road equal"),
            cll.CustomLevel("city_l = city_r and district_l = district_r", "district equal"),
            cll.ExactMatchLevel("city", term_frequency_adjustments=True),
            cll.ElseLevel(),
        ],
    )
    # training takes a branch and its head office for one company, so what is known of branches is said beforehand
    known: dict[str, Any] = {"fix_m_probability": True, "fix_u_probability": True}
    branch = cl.CustomComparison(
        output_column_name="branch",
        comparison_levels=[
            cll.CustomLevel("branch_l is null and branch_r is null", "no branches").configure(is_null_level=True),
            cll.CustomLevel("substr(branch_l, 1, 2) = substr(branch_r, 1, 2)", "same branch").configure(
                m_probability=0.95, u_probability=0.1, **known
            ),
            cll.ElseLevel().configure(m_probability=0.05, u_probability=0.9, **known),
        ],
    )
    return Model(
        comparisons=[
            name,
            code,
            branch,
            _exact("phone_tail"),
            _exact("mobile"),
            _exact("email"),
            _exact("domain"),
            where,
            _exact("legal_person"),
            cl.JaroWinklerAtThresholds("contact", [0.8]).configure(term_frequency_adjustments=True),
        ],
        blocking=[
            block_on("uscc_valid"), block_on("org_code"), block_on("phone_tail"), block_on("mobile"), block_on("email"),
            block_on("domain"), block_on("brand"), block_on("name_core"), block_on("substr(name_core, 1, 2)", "city"),
            block_on("road", "number", "city"), block_on("legal_person", "city"), block_on("contact", "city"),
        ],
        training=[block_on("brand"), block_on("mobile"), block_on("org_code")],
        sure=[block_on("uscc_valid"), block_on("mobile"), block_on("brand", "city", "branch")],
        recall=0.7,
        floor=-6,
    )  # fmt: skip


def febrl() -> Model:
    """The persons of febrl 1 to 4."""
    return Model(
        comparisons=[
            cl.JaroWinklerAtThresholds("given_name", [0.9, 0.8]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("surname", [0.9, 0.8]).configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("address_1", [0.9]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("suburb", [0.9]).configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1]).configure(term_frequency_adjustments=True),
            _exact("state"),
        ],
        blocking=[
            block_on("soc_sec_id"), block_on("date_of_birth"), block_on("surname", "given_name"), block_on("address_1"),
            block_on("surname", "postcode"), block_on("given_name", "postcode"), block_on("suburb", "street_number"),
            block_on("given_name", "suburb"), block_on("surname", "suburb"),
        ],
        training=[block_on("soc_sec_id"), block_on("date_of_birth"), block_on("surname", "postcode")],
        sure=[block_on("soc_sec_id"), block_on("surname", "given_name", "date_of_birth")],
        recall=0.9,
        floor=-6,
    )  # fmt: skip


def _exact(column: str) -> Any:
    return cl.ExactMatch(column).configure(term_frequency_adjustments=True)


MODELS = {"raw": raw, "normalised": normalised, "febrl": febrl}
