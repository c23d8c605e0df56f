"""The statistics of experiments against SciPy, statsmodels, simulations and a public experiment."""

import csv
import math
import random
from collections.abc import Iterator
from dataclasses import astuple
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from helpers.support import PROJECT_ROOT
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    proportions_ztest,
)
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from email_statistics.experiments.statistics import (
    ALPHA,
    POWER,
    Arm,
    compare,
    confidence_sequence,
    contacts_per_arm,
    covariance,
    fieller,
    holm,
    incremental_share,
    minimum_detectable_effect,
    newcombe,
    pooled_z_test,
    sample_ratio,
    welch,
    wilson,
)

Doubles = NDArray[np.float64]
CLOSE = 1e-9


def arm_of(values: Doubles) -> Arm:
    """The arm of contacts with these values, which are whole cents."""
    cents = [int(cent) for cent in np.rint(values * 100)]
    return Arm(len(cents), Decimal(sum(cents)) / 100, Decimal(sum(c * c for c in cents)) / 10000)


def proportion(contacts: int, successes: int) -> Arm:
    return Arm(contacts, successes, successes)


def spends(chance: np.random.Generator, contacts: int, lift: float = 1.0) -> Doubles:
    """What contacts spend: mostly nothing, sometimes much, in cents."""
    bought = chance.random(contacts) < 0.05 * lift
    return _to_cents(bought * chance.lognormal(4, 1, contacts))


def _to_cents(values: Doubles) -> Doubles:
    return np.asarray(np.round(values, 2), dtype=np.float64)


def random_tables(seed: int) -> Iterator[tuple[Arm, Arm]]:
    """Pairs of proportions, of few contacts and many, rare and common."""
    chance = random.Random(seed)
    for _ in range(200):
        most = chance.choice([3, 30, 3000, 300_000])
        pair = [(n := chance.randint(1, most), chance.randint(0, n)) for _ in range(2)]
        yield proportion(*pair[0]), proportion(*pair[1])


def test_a_share_has_wilsons_interval() -> None:
    for arm, _ in random_tables(1):
        alpha = 0.05 if arm.contacts % 2 else 0.01
        expected = proportion_confint(arm.total, arm.contacts, alpha, method="wilson")
        found = wilson(float(arm.total), arm.contacts, alpha)
        assert found == pytest.approx(expected, rel=CLOSE, abs=CLOSE)


def test_a_difference_of_shares_has_newcombes_interval() -> None:
    for treated, control in random_tables(2):
        expected = confint_proportions_2indep(
            treated.total,
            treated.contacts,
            control.total,
            control.contacts,
            compare="diff",
            method="newcomb",
            alpha=0.025,
        )
        found = newcombe(treated, control, 0.025)
        assert found == pytest.approx(expected, rel=CLOSE, abs=CLOSE)


def test_newcombes_published_example() -> None:
    """56 of 70 against 48 of 80: [0.0524, 0.3339] (Newcombe 1998, table II, example a)."""
    found = newcombe(proportion(70, 56), proportion(80, 48), 0.05)
    assert found == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_shares_are_compared_by_the_pooled_z_test() -> None:
    for treated, control in random_tables(3):
        p_value = pooled_z_test(treated, control)
        both = treated + control
        if both.total in (0, both.contacts):
            assert p_value is None
            continue
        _, expected = proportions_ztest(
            [float(treated.total), float(control.total)], [treated.contacts, control.contacts]
        )
        assert p_value == pytest.approx(expected, rel=CLOSE, abs=1e-300)


@pytest.mark.parametrize("seed", range(20))
def test_means_are_compared_by_welchs_t(seed: int) -> None:
    chance = np.random.default_rng(seed)
    ours = spends(chance, int(chance.integers(60, 3000)), 1.3)
    theirs = spends(chance, int(chance.integers(60, 3000)))
    found = welch(arm_of(ours), arm_of(theirs), 0.05)
    assert found
    test = stats.ttest_ind(ours, theirs, equal_var=False)
    interval = test.confidence_interval(0.95)
    assert found[0] == pytest.approx((interval.low, interval.high), rel=CLOSE, abs=CLOSE)
    assert found[1] == pytest.approx(test.pvalue, rel=CLOSE)
    means = CompareMeans(DescrStatsW(ours), DescrStatsW(theirs))
    expected = means.tconfint_diff(alpha=0.01, usevar="unequal")
    narrower = welch(arm_of(ours), arm_of(theirs), 0.01)
    assert narrower
    assert narrower[0] == pytest.approx(expected, rel=CLOSE, abs=CLOSE)


def test_variances_are_those_of_the_values_also_where_doubles_would_lose_them() -> None:
    chance = np.random.default_rng(0)
    values = spends(chance, 500)
    assert arm_of(values).variance == pytest.approx(np.var(values, ddof=1), rel=1e-12)
    large = 10**14
    arm = Arm(3, 3 * large + 3, 3 * large**2 + 6 * large + 5)
    assert arm.variance == 1.0
    assert Arm(1, 5, 25).variance is None
    assert covariance(3, 6, 12, 28) == 2.0


@pytest.mark.parametrize("seed", range(10))
def test_the_interval_of_a_lift_is_the_ratios_that_a_test_keeps(seed: int) -> None:
    """Fieller's bounds are the ratios r at which t of mean - r x control mean is the quantile."""
    chance = np.random.default_rng(seed)
    treated = arm_of(spends(chance, 4000, 1.2))
    control = arm_of(spends(chance, 5000))
    for is_proportion in (False, True):
        if is_proportion:
            treated, control = proportion(900, 60 + seed), proportion(1000, 70)
        lift = fieller(treated, control, 0.05, is_proportion=is_proportion)
        assert lift and lift[1] and treated.mean and control.mean
        assert treated.squared_error and control.squared_error
        assert lift[0] == pytest.approx(treated.mean / control.mean - 1)
        errors = [treated.squared_error, control.squared_error]
        if is_proportion:
            quantile = stats.norm.ppf(0.975)
            shares = ((treated.mean, treated.contacts), (control.mean, control.contacts))
            errors = [share * (1 - share) / contacts for share, contacts in shares]
        else:
            df = sum(errors) ** 2 / (
                errors[0] ** 2 / (treated.contacts - 1) + errors[1] ** 2 / (control.contacts - 1)
            )
            quantile = stats.t.ppf(0.975, df)
        for bound in lift[1]:
            ratio = bound + 1
            t = (treated.mean - ratio * control.mean) / math.sqrt(errors[0] + ratio**2 * errors[1])
            assert abs(t) == pytest.approx(quantile, rel=1e-8)


def test_a_lift_over_nothing_is_unknown_and_one_over_hardly_anything_has_no_interval() -> None:
    assert fieller(proportion(100, 5), proportion(100, 0), 0.05, is_proportion=True) is None
    hardly = fieller(proportion(100, 5), proportion(100, 1), 0.05, is_proportion=True)
    assert hardly and hardly[0] == pytest.approx(4.0)
    assert hardly[1] is None
    alone = Arm(1, 5, 25)
    assert fieller(alone, alone, 0.05, is_proportion=False) == (0.0, None)


def test_several_ps_are_adjusted_as_holm_has_it() -> None:
    chance = random.Random(4)
    for _ in range(20):
        p_values = [chance.choice([chance.random(), 0.01]) for _ in range(chance.randint(1, 6))]
        _, expected, _, _ = multipletests(p_values, method="holm")
        assert holm(p_values) == pytest.approx(list(expected), rel=CLOSE)
    assert holm([0.02, None, 0.01]) == [0.04, None, 0.03]


def test_contacts_per_arm_are_held_against_the_plan_by_chi_squared() -> None:
    chance = random.Random(5)
    for _ in range(100):
        arms = chance.randint(2, 5)
        contacts = [chance.randint(0, 2000) for _ in range(arms)]
        weights = [Decimal(chance.randint(1, 99)) for _ in range(arms)]
        planned = [sum(contacts) * float(w) / float(sum(weights)) for w in weights]
        expected = stats.chisquare(contacts, planned).pvalue
        assert sample_ratio(contacts, weights) == pytest.approx(expected, rel=CLOSE, abs=1e-300)
    assert sample_ratio([0, 0], [1, 1]) is None
    assert sample_ratio([500, 500, 1], [1, 1, 0]) == 0.0
    assert sample_ratio([500, 500, 0], [1, 1, 0]) == 1.0
    assert sample_ratio([500], [1]) == 1.0


def test_an_effect_of_the_minimum_size_is_found_four_times_in_five() -> None:
    chance = np.random.default_rng(6)
    control = arm_of(np.round(chance.normal(50, 12, 20_000), 2))
    treated = Arm(10_000, 0, 0)
    effect = minimum_detectable_effect(treated, control, ALPHA)
    assert effect and control.variance
    error = math.sqrt(control.variance * (1 / 20_000 + 1 / 10_000))
    quantile = stats.norm.ppf(1 - ALPHA / 2)
    power = stats.norm.sf(quantile - effect / error)
    assert power == pytest.approx(POWER, rel=CLOSE)
    assert effect == pytest.approx((quantile + stats.norm.ppf(0.8)) * error, rel=CLOSE)


def test_contacts_per_arm_follow_from_the_effect() -> None:
    """Two of variance 4 that differ by 1: 16 x (1.96 + 0.84)² / 2 = 62.8 contacts per arm."""
    assert contacts_per_arm(4.0, 1.0) == 63
    assert contacts_per_arm(4.0, -1.0) == 63
    assert contacts_per_arm(4.0, 0.5) == 252


def test_a_sequence_is_as_its_authors_have_it() -> None:
    """Against the formula with the boundary spelled out, step by step."""
    treated, control = proportion(4000, 480), proportion(4200, 430)
    alpha, tuned_at = 0.025, 5000
    a = -2 * math.log(alpha)
    rho = math.sqrt((a + math.log(a + 1)) / tuned_at)
    n = 8200
    p_t, p_c = 480 / 4000, 430 / 4200
    v = p_t * (1 - p_t) / 3999 + p_c * (1 - p_c) / 4199
    half = math.sqrt(v * n) * math.sqrt(
        2 * (n * rho**2 + 1) / (n**2 * rho**2) * math.log(math.sqrt(n * rho**2 + 1) / alpha)
    )
    expected = (p_t - p_c - half, p_t - p_c + half)
    assert confidence_sequence(treated, control, alpha, tuned_at) == pytest.approx(expected)
    assert confidence_sequence(proportion(9, 0), proportion(9, 0), alpha, tuned_at) is None
    assert confidence_sequence(proportion(1, 0), proportion(9, 1), alpha, tuned_at) is None


def test_what_cannot_be_worked_out_is_none_and_raises_nothing() -> None:
    arms = [Arm(0, 0, 0), proportion(1, 0), proportion(1, 1), proportion(5, 0), proportion(5, 5)]
    arms.append(Arm(3, Decimal("30.30"), Decimal("306.03")))
    for treated in arms:
        for control in arms:
            for is_proportion in (True, False):
                if is_proportion and arms[-1] in (treated, control):
                    continue
                found = compare(
                    treated, control, is_proportion=is_proportion, comparisons=1, tuned_at=5000
                )
                assert all(v is None or math.isfinite(v) for v in astuple(found))


# --- simulations ----------------------------------------------------------------------------------


def arms_of(values: Doubles) -> list[Arm]:
    """An arm per row of values, each a whole number."""
    totals, squares = values.sum(axis=1), (values**2).sum(axis=1)
    return [
        Arm(values.shape[1], int(total), int(square))
        for total, square in zip(totals, squares, strict=True)
    ]


@pytest.mark.parametrize("metric", ["a share", "money"])
def test_intervals_of_a_split_of_the_same_cover_no_difference_95_times_in_100(metric: str) -> None:
    chance = np.random.default_rng(7)
    splits, contacts = 2000, 2000
    if metric == "a share":
        values = (chance.random((2 * splits, contacts)) < 0.1).astype(np.float64)
    else:
        values = np.floor(chance.gamma(0.8, 40, (2 * splits, contacts)))
    arms = arms_of(values)
    covered = 0
    for treated, control in zip(arms[:splits], arms[splits:], strict=True):
        found = compare(
            treated, control, is_proportion=metric == "a share", comparisons=1, tuned_at=5000
        )
        assert found.difference_low is not None and found.difference_high is not None
        covered += found.difference_low <= 0 <= found.difference_high
    assert 0.935 <= covered / splits <= 0.965


@pytest.mark.parametrize("metric", ["a share", "money"])
def test_ten_looks_at_a_split_of_the_same_cry_winner_at_most_5_times_in_100(metric: str) -> None:
    """Intervals for one look cry it far more often: that is the trap of peeking."""
    chance = np.random.default_rng(8)
    splits, looks, contacts = 2000, 10, 250
    cried_always = np.zeros(splits, dtype=bool)
    cried_once = np.zeros(splits, dtype=bool)
    sums = np.zeros((2, 2 * splits))
    for look in range(1, looks + 1):
        if metric == "a share":
            values = (chance.random((2 * splits, contacts)) < 0.1).astype(np.float64)
        else:
            values = np.floor(chance.gamma(0.8, 40, (2 * splits, contacts)))
        sums += values.sum(axis=1), (values**2).sum(axis=1)
        arms = [Arm(look * contacts, int(total), int(square)) for total, square in sums.T]
        for split, (treated, control) in enumerate(zip(arms[:splits], arms[splits:], strict=True)):
            sequence = confidence_sequence(treated, control, ALPHA, 5000)
            interval = welch(treated, control, ALPHA)
            assert sequence and interval
            cried_always[split] |= not sequence[0] <= 0 <= sequence[1]
            cried_once[split] |= not interval[0][0] <= 0 <= interval[0][1]
    assert cried_always.mean() <= 0.05
    assert cried_once.mean() > 0.12


def test_an_incremental_share_has_the_interval_of_a_bootstrap() -> None:
    chance = np.random.default_rng(9)
    treated, control = 2000, 1500
    spent = _to_cents((chance.random(treated) < 0.6) * chance.gamma(2, 20, treated))
    credited = spent * (chance.random(treated) < 0.7)
    others = _to_cents((chance.random(control) < 0.4) * chance.gamma(2, 20, control))
    credit = arm_of(credited)
    product = sum(
        (Fraction(round(y * 100)) * round(c * 100) for y, c in zip(spent, credited, strict=True)),
        Fraction(0),
    )
    found = incremental_share(arm_of(spent), credit, product / 10_000, arm_of(others))
    assert found.share is not None and found.low is not None and found.high is not None
    assert found.share == pytest.approx((spent.mean() - others.mean()) / credited.mean(), rel=CLOSE)

    # How often each contact is drawn is multinomial: a matrix product for all draws at once.
    draws, drawn = 20_000, []
    for _ in range(20):
        weights = chance.multinomial(treated, np.full(treated, 1 / treated), draws // 20)
        control_weights = chance.multinomial(control, np.full(control, 1 / control), draws // 20)
        y, c = weights @ spent / treated, weights @ credited / treated
        drawn.append((y - control_weights @ others / control) / c)
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975])
    assert abs((found.high - found.low) - (high - low)) <= 0.05 * (high - low)
    assert abs(found.low - low) <= 0.05 * (high - low)
    assert abs(found.high - high) <= 0.05 * (high - low)


def test_a_share_of_no_credit_is_unknown() -> None:
    spent = Arm(3, Decimal("10.00"), Decimal("60.0000"))
    found = incremental_share(spent, Arm(3, 0, 0), 0, Arm(3, 1, 1))
    assert astuple(found) == (None, None, None)


# --- a public experiment --------------------------------------------------------------------------


def test_hillstroms_men_spent_77_cents_a_head_more() -> None:
    """From the arms' published contacts, means and standard deviations of two weeks' spend."""

    def described(contacts: int, mean: float, deviation: float) -> Arm:
        total = Fraction(mean) * contacts
        squares = Fraction(deviation) ** 2 * (contacts - 1) + total**2 / contacts
        return Arm(contacts, total, squares)

    men, control = described(21_307, 1.422617, 17.754438), described(21_306, 0.652789, 11.588200)
    found = compare(men, control, is_proportion=False, comparisons=1, tuned_at=5000)
    assert found.difference == pytest.approx(0.7698, abs=5e-5)
    assert found.difference_low == pytest.approx(0.4851, abs=5e-5)
    assert found.difference_high == pytest.approx(1.0545, abs=5e-5)


def test_hillstroms_raw_file_gives_the_known_answer() -> None:
    folder = PROJECT_ROOT.parent / "shared" / "data"
    files = [path for path in folder.rglob("*.csv") if "hillstrom" in str(path).lower()]
    if not files:
        pytest.skip(f"Hillstrom's file (a .csv of that name) isn't below {folder}")
    spent = _spend_by_segment(files[0])
    found = welch(arm_of(spent["mens e-mail"]), arm_of(spent["no e-mail"]), 0.05)
    assert found
    assert found[0] == pytest.approx((0.4851, 1.0545), abs=5e-5)


def _spend_by_segment(path: Path) -> dict[str, Doubles]:
    spent: dict[str, list[float]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            spent.setdefault(row["segment"].lower(), []).append(float(row["spend"]))
    return {segment: np.array(values) for segment, values in spent.items()}
