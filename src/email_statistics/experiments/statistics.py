"""Every formula by which an experiment is read, from sufficient statistics (overview: Experiments).

An arm is its number of contacts, the total of a metric over them and the total of its squares. A
sum of squares less the square of a sum is exact here, a fraction, until the one division that makes
a variance of it: equal input gives equal output, whatever the order in which it was summed.

None stands for what can't be worked out: a mean of nobody, a variance of one contact, a ratio to 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

ALPHA = 0.05
POWER = 0.8

Interval = tuple[float, float]
Exact = int | Decimal | Fraction


@dataclass(frozen=True)
class Arm:
    """What is known of an arm and a metric: contacts, the metric's total, and that of its squares.

    Of a proportion, which is 0 or 1 for each contact, both totals are the contacts with a 1.
    """

    contacts: int
    total: Exact
    total_squared: Exact

    @property
    def mean(self) -> float | None:
        """The metric per contact."""
        return float(Fraction(self.total) / self.contacts) if self.contacts else None

    @property
    def variance(self) -> float | None:
        """The unbiased sample variance; None below two contacts."""
        return covariance(self.contacts, self.total, self.total, self.total_squared)

    @property
    def squared_error(self) -> float | None:
        """The variance of the mean, s² / n; None below two contacts."""
        variance = self.variance
        return None if variance is None else variance / self.contacts

    def __add__(self, other: "Arm") -> "Arm":
        """Both arms as one: sufficient statistics add up."""
        return Arm(
            self.contacts + other.contacts,
            Fraction(self.total) + Fraction(other.total),
            Fraction(self.total_squared) + Fraction(other.total_squared),
        )


def covariance(
    contacts: int,
    total: Exact,
    other_total: Exact,
    total_product: Exact,
) -> float | None:
    """The unbiased sample covariance of two metrics; None below two contacts."""
    if contacts < 2:
        return None
    exact = contacts * Fraction(total_product) - Fraction(total) * Fraction(other_total)
    return float(exact / (contacts * (contacts - 1)))


# The distributions, imported as they are used: SciPy takes a second, and few commands need it.


def normal_quantile(probability: float) -> float:
    """The quantile of the standard normal distribution."""
    from scipy.special import ndtri

    return float(ndtri(probability))


def _normal_p(z: float) -> float:
    """The two-sided p of a standard normal z."""
    from scipy.special import ndtr

    return 2 * float(ndtr(-abs(z)))


def _t_quantile(probability: float, df: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(df, probability))


def _t_p(t: float, df: float) -> float:
    """The two-sided p of a t."""
    from scipy.special import stdtr

    return 2 * float(stdtr(df, -abs(t)))


def _chi_squared_p(statistic: float, df: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(df, statistic))


def wilson(successes: float, contacts: int, alpha: float) -> Interval:
    """The score interval of a proportion, without a continuity correction; of at least one contact.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22.
    """
    z = normal_quantile(1 - alpha / 2)
    share = successes / contacts
    middle = share + z**2 / (2 * contacts)
    half = z * math.sqrt(share * (1 - share) / contacts + z**2 / (4 * contacts**2))
    scale = 1 + z**2 / contacts
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def newcombe(treated: Arm, control: Arm, alpha: float) -> Interval | None:
    """The hybrid score interval of a difference of proportions, without a continuity correction.

    Newcombe (1998), "Interval estimation for the difference between independent proportions:
    comparison of eleven methods", Statistics in Medicine 17, method 10.
    """
    if treated.mean is None or control.mean is None:
        return None
    low_t, high_t = wilson(float(treated.total), treated.contacts, alpha)
    low_c, high_c = wilson(float(control.total), control.contacts, alpha)
    difference = treated.mean - control.mean
    return (
        difference - math.hypot(treated.mean - low_t, high_c - control.mean),
        difference + math.hypot(high_t - treated.mean, control.mean - low_c),
    )


def pooled_z_test(treated: Arm, control: Arm) -> float | None:
    """The two-sided p of equal proportions, by the pooled variance; None where it is 0.

    Fleiss, Levin and Paik (2003), "Statistical Methods for Rates and Proportions", 2.3, without a
    continuity correction.
    """
    both = treated + control
    if treated.mean is None or control.mean is None or both.mean is None:
        return None
    variance = both.mean * (1 - both.mean) * (1 / treated.contacts + 1 / control.contacts)
    if variance <= 0:
        return None
    return _normal_p((treated.mean - control.mean) / math.sqrt(variance))


def degrees_of_freedom(treated: Arm, control: Arm) -> float | None:
    """Those of a difference of means with unequal variances; None where it has no variance.

    Welch (1947), "The generalization of Student's problem when several different population
    variances are involved", Biometrika 34.
    """
    error_t, error_c = treated.squared_error, control.squared_error
    if error_t is None or error_c is None or error_t + error_c <= 0:
        return None
    # By their shares, so that tiny variances don't vanish when squared.
    share_t = error_t / (error_t + error_c)
    share_c = error_c / (error_t + error_c)
    return 1 / (share_t**2 / (treated.contacts - 1) + share_c**2 / (control.contacts - 1))


def welch(treated: Arm, control: Arm, alpha: float) -> tuple[Interval, float] | None:
    """The interval of a difference of means with unequal variances, and its two-sided p.

    Welch (1947), as ``degrees_of_freedom``. None where the difference has no variance.
    """
    df = degrees_of_freedom(treated, control)
    error = _squared_error_of_difference(treated, control)
    if df is None or error is None or treated.mean is None or control.mean is None:
        return None
    difference = treated.mean - control.mean
    half = _t_quantile(1 - alpha / 2, df) * math.sqrt(error)
    p_value = _t_p(difference / math.sqrt(error), df)
    return (difference - half, difference + half), p_value


def fieller(
    treated: Arm, control: Arm, alpha: float, *, is_proportion: bool
) -> tuple[float, Interval | None] | None:
    """The relative lift, the ratio of two means less 1, and its interval.

    Fieller (1954), "Some problems in interval estimation", JRSS B 16, of independent means. The
    variance of a proportion is p (1 - p) / n and its quantile the normal one; a mean has Welch's.
    None where the control's mean is 0; without an interval where that mean isn't told from 0.
    """
    if treated.mean is None or not control.mean:
        return None
    ratio = treated.mean / control.mean
    if is_proportion:
        quantile = normal_quantile(1 - alpha / 2)
        error_t = treated.mean * (1 - treated.mean) / treated.contacts
        error_c = control.mean * (1 - control.mean) / control.contacts
    else:
        df = degrees_of_freedom(treated, control)
        if df is None or treated.squared_error is None or control.squared_error is None:
            return ratio - 1, None
        quantile = _t_quantile(1 - alpha / 2, df)
        error_t, error_c = treated.squared_error, control.squared_error
    g = quantile**2 * error_c / control.mean**2
    if g >= 1:
        return ratio - 1, None
    half = quantile / control.mean * math.sqrt(error_t * (1 - g) + ratio**2 * error_c)
    return ratio - 1, ((ratio - half) / (1 - g) - 1, (ratio + half) / (1 - g) - 1)


def confidence_sequence(treated: Arm, control: Arm, alpha: float, tuned_at: int) -> Interval | None:
    """The interval of a difference of means that holds at every look, however many there are.

    The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024),
    "Time-uniform central limit theory and asymptotic confidence sequences", Annals of Statistics
    52, theorem 2.2; it is narrowest at ``tuned_at`` contacts (their appendix on the choice of rho).
    That number must be fixed before the data are seen. None where the difference has no variance.
    """
    error = _squared_error_of_difference(treated, control)
    if not error or treated.mean is None or control.mean is None:
        return None
    difference = treated.mean - control.mean
    log_alpha = -2 * math.log(alpha)
    rho_squared = (log_alpha + math.log(1 + log_alpha)) / tuned_at
    scaled = (treated.contacts + control.contacts) * rho_squared
    half = math.sqrt(error * 2 * (scaled + 1) / scaled * math.log(math.sqrt(scaled + 1) / alpha))
    return difference - half, difference + half


def minimum_detectable_effect(treated: Arm, control: Arm, alpha: float) -> float | None:
    """The difference that a test of this size finds four times in five, by the control's variance.

    Cohen (1988), "Statistical Power Analysis for the Behavioral Sciences", 2.4. None where the
    control has no variance to go by.
    """
    variance = control.variance
    if variance is None or not treated.contacts:
        return None
    quantiles = normal_quantile(1 - alpha / 2) + normal_quantile(POWER)
    return quantiles * math.sqrt(variance * (1 / control.contacts + 1 / treated.contacts))


def contacts_per_arm(variance: float, effect: float) -> int:
    """How many contacts each of two arms needs to find a difference of means four times in five.

    Cohen (1988), as ``minimum_detectable_effect``; ``effect`` isn't 0.
    """
    quantiles = normal_quantile(1 - ALPHA / 2) + normal_quantile(POWER)
    return math.ceil(2 * variance * quantiles**2 / effect**2)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """The p values of several comparisons, each adjusted for the others.

    Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6. A comparison without a p counts among the comparisons.
    """
    order = sorted(
        (p_value, place) for place, p_value in enumerate(p_values) if p_value is not None
    )
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p_value, place) in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_value))
        adjusted[place] = largest
    return adjusted


def sample_ratio(contacts: Sequence[int], weights: Sequence[float | Decimal]) -> float | None:
    """The p of as many contacts in each arm where so many were planned for each, by weight.

    Pearson's χ² of goodness of fit, as Fabijan et al. (2019), "Diagnosing sample ratio mismatch in
    online controlled experiments", KDD, use it. An arm with contacts and without a weight was not
    planned: p is 0. None where nobody is assigned.
    """
    everybody, planned = sum(contacts), sum(Fraction(weight) for weight in weights)
    if not everybody:
        return None
    if any(found and not weight for found, weight in zip(contacts, weights, strict=True)):
        return 0.0
    expected = [float(everybody * Fraction(weight) / planned) for weight in weights if weight]
    counted = [found for found, weight in zip(contacts, weights, strict=True) if weight]
    if len(expected) < 2:
        return 1.0
    statistic = sum(
        (found - many) ** 2 / many for found, many in zip(counted, expected, strict=True)
    )
    return _chi_squared_p(statistic, len(expected) - 1)


@dataclass(frozen=True)
class Comparison:
    """How an arm compares with the control by a metric; None where it can't be worked out."""

    control_mean: float | None
    mean: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    relative_lift: float | None
    relative_lift_low: float | None
    relative_lift_high: float | None
    p_value: float | None
    always_low: float | None
    always_high: float | None
    minimum_detectable_effect: float | None


def compare(
    treated: Arm, control: Arm, *, is_proportion: bool, comparisons: int, tuned_at: int
) -> Comparison:
    """Compare an arm with the control, as one of so many comparisons.

    Intervals and the minimum effect are at alpha / comparisons (Bonferroni); ``p_value`` is the
    comparison's own, which ``holm`` adjusts.
    """
    alpha = ALPHA / comparisons
    difference = None
    if treated.mean is not None and control.mean is not None:
        difference = treated.mean - control.mean
    if is_proportion:
        interval = newcombe(treated, control, alpha)
        p_value = pooled_z_test(treated, control)
    else:
        interval, p_value = welch(treated, control, alpha) or (None, None)
    lift, lift_interval = fieller(treated, control, alpha, is_proportion=is_proportion) or (
        None,
        None,
    )
    low, high = interval or (None, None)
    lift_low, lift_high = lift_interval or (None, None)
    always_low, always_high = confidence_sequence(treated, control, alpha, tuned_at) or (None, None)
    return Comparison(
        control_mean=control.mean,
        mean=treated.mean,
        difference=difference,
        difference_low=low,
        difference_high=high,
        relative_lift=lift,
        relative_lift_low=lift_low,
        relative_lift_high=lift_high,
        p_value=p_value,
        always_low=always_low,
        always_high=always_high,
        minimum_detectable_effect=minimum_detectable_effect(treated, control, alpha),
    )


@dataclass(frozen=True)
class IncrementalShare:
    """What share of the credited revenue the email caused; None where it can't be worked out."""

    share: float | None
    low: float | None
    high: float | None


def incremental_share(
    revenue: Arm, credit: Arm, total_product: Exact, control: Arm
) -> IncrementalShare:
    """Incremental revenue of the treated contacts over what a policy credits of it.

    ``revenue`` and ``credit`` are of the treated contacts, ``total_product`` the total of revenue x
    credit over them, ``control`` the control's revenue. The interval is the delta method's of a
    ratio of means: Casella and Berger (2002), "Statistical Inference", 5.5.4.
    """
    if revenue.mean is None or control.mean is None or not credit.mean:
        return IncrementalShare(None, None, None)
    share = (revenue.mean - control.mean) / credit.mean
    together = covariance(revenue.contacts, revenue.total, credit.total, total_product)
    errors = revenue.squared_error, control.squared_error, credit.squared_error
    error_y, error_control, error_c = errors
    if together is None or error_y is None or error_control is None or error_c is None:
        return IncrementalShare(share, None, None)
    variance = (
        error_y + error_control + share**2 * error_c - 2 * share * together / revenue.contacts
    )
    half = normal_quantile(1 - ALPHA / 2) * math.sqrt(max(0.0, variance)) / credit.mean
    return IncrementalShare(share, share - half, share + half)


def _squared_error_of_difference(treated: Arm, control: Arm) -> float | None:
    """The variance of the difference of two means; None where an arm has less than two contacts."""
    error_t, error_c = treated.squared_error, control.squared_error
    return None if error_t is None or error_c is None else error_t + error_c
