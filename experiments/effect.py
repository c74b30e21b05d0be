"""How much a treatment differs from the control in a ratio of sums over visitors.

The visitor is the unit that is assigned, so it is the unit of every variance. A ratio such as clicks over lists is not
a mean over visitors: its variance comes from the delta method (Deng, Knoblich and Lu, "Applying the Delta Method in
Metric Analytics", KDD 2018). What is known of visitors from before they were assigned takes noise away (CUPED: Deng,
Xu, Kohavi and Walker, "Improving the Sensitivity of Online Controlled Experiments by Utilizing Pre-Experiment Data",
WSDM 2013); where nothing is known, or it says nothing, the estimate is the plain one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.moments import COVARIATE, DENOMINATOR, NUMERATOR, Array, Moments


@dataclass(frozen=True)
class Effect:
    """The metric in both groups and their difference, each of the moments' shape; NaN where it is not defined.

    ``noise_removed`` is the share of the difference's variance that CUPED took away.
    """

    control: Array
    treatment: Array
    difference: Array
    standard_error: Array
    visitors: Array
    noise_removed: Array


def effect(control: Moments, treatment: Moments) -> Effect:
    """Return the effect of a treatment: numerator over denominator in each group, adjusted by the covariate."""
    with np.errstate(divide="ignore", invalid="ignore"):
        groups = [_Linear.of(control), _Linear.of(treatment)]
        slope = _pooled_slope(groups)
        visitors = control.count + treatment.count
        shared_mean = (control.sums + treatment.sums)[..., COVARIATE] / visitors
        values = [group.ratio - slope * (group.covariate_mean - shared_mean) for group in groups]
        variance = sum((group.adjusted_variance(slope) for group in groups), start=np.zeros(()))
        plain = sum((group.variance / group.count for group in groups), start=np.zeros(()))
        return Effect(
            control=values[0],
            treatment=values[1],
            difference=values[1] - values[0],
            standard_error=np.sqrt(np.maximum(variance, 0)),
            visitors=visitors,
            noise_removed=np.where(plain > 0, 1 - variance / plain, 0),
        )


@dataclass(frozen=True)
class _Linear:
    """One group's ratio as the mean of a linear function of its visitors, which has the same variance (delta method).

    ``variance`` is that of one visitor, ``covariance`` that with the covariate.
    """

    count: Array
    ratio: Array
    variance: Array
    covariance: Array
    covariate_mean: Array
    covariate_variance: Array

    @classmethod
    def of(cls, moments: Moments) -> _Linear:
        means, covariances = moments.means, moments.covariances
        ratio = means[..., NUMERATOR] / means[..., DENOMINATOR]
        gradient = np.stack([-ratio, np.ones_like(ratio)], axis=-1) / means[..., DENOMINATOR, None]
        pair = covariances[..., :COVARIATE, :COVARIATE]
        return cls(
            count=moments.count,
            ratio=ratio,
            variance=np.einsum("...i,...ij,...j->...", gradient, pair, gradient),
            covariance=np.einsum("...i,...i->...", gradient, covariances[..., :COVARIATE, COVARIATE]),
            covariate_mean=means[..., COVARIATE],
            covariate_variance=covariances[..., COVARIATE, COVARIATE],
        )

    def adjusted_variance(self, slope: Array) -> Array:
        """Return the variance of the mean of value - slope × covariate."""
        variance = self.variance - 2 * slope * self.covariance + slope**2 * self.covariate_variance
        return np.asarray(variance / self.count, dtype=np.float64)


def _pooled_slope(groups: list[_Linear]) -> Array:
    """Return the slope of the metric on the covariate within groups; 0 where the covariate is the same for all."""
    shared = sum(((group.count - 1) * group.covariance for group in groups), start=np.zeros(()))
    spread = sum(((group.count - 1) * group.covariate_variance for group in groups), start=np.zeros(()))
    return np.asarray(np.where(spread > 0, shared / np.where(spread > 0, spread, 1), 0), dtype=np.float64)
