//! `corelog generate systemd-unit`.

/// The unit, word for word as the packages install it.
pub(super) const UNIT: &str = include_str!("../../../../packaging/corelog.service");
