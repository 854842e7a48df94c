"""A target's figure, and whether it is reached."""

from statistics import median


def at_least(what, values, bound, unit):
    """The median of `values` has to be `bound` or more."""
    return _verdict(what, values, bound, unit, "≥", median(values) >= bound)


def at_most(what, values, bound, unit):
    """The median of `values` has to be `bound` or less."""
    return _verdict(what, values, bound, unit, "≤", median(values) <= bound)


def _verdict(what, values, bound, unit, sense, holds):
    return {"what": what, "unit": unit, "value": median(values), "values": list(values), "sense": sense, "bound": bound,
            "holds": holds}
