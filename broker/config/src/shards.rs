//! How many shards, and on which cores.

use std::str::FromStr;

/// The `shards` key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ShardCount {
    /// One a core that this process may use.
    Auto,
    /// So many, on the first cores that this process may use. At least one.
    Count(u16),
    /// One on each of these cores, in this order. Not empty, each core once.
    Cores(Vec<usize>),
}

/// Why text is not a shard count.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ShardsError {
    /// Not of the form.
    #[error("auto, a count, or a list of cores such as 0,2,4-7 (0, is the list of core 0 alone)")]
    Form,
    /// Nothing.
    #[error("at least 1")]
    Zero,
    /// One core twice.
    #[error("a list in which each core stands once; {0} stands twice")]
    Twice(usize),
}

/// More cores than this in a range is a slip.
const CORE_MAX: usize = 4096;

impl FromStr for ShardCount {
    type Err = ShardsError;

    fn from_str(text: &str) -> Result<ShardCount, ShardsError> {
        if text == "auto" {
            return Ok(ShardCount::Auto);
        }
        if let Ok(count) = text.parse::<u16>() {
            return if count == 0 {
                Err(ShardsError::Zero)
            } else {
                Ok(ShardCount::Count(count))
            };
        }
        let mut cores = Vec::new();
        for part in text.strip_suffix(',').unwrap_or(text).split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let core = |text: &str| {
                let number = text.trim().parse::<usize>().map_err(|_| ShardsError::Form)?;
                if number < CORE_MAX {
                    Ok(number)
                } else {
                    Err(ShardsError::Form)
                }
            };
            let (first, last) = (core(first)?, core(last)?);
            if first > last {
                return Err(ShardsError::Form);
            }
            for core in first..=last {
                if cores.contains(&core) {
                    return Err(ShardsError::Twice(core));
                }
                cores.push(core);
            }
        }
        Ok(ShardCount::Cores(cores))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shard_counts_are_parsed() {
        let check = |text: &str, expected: Result<ShardCount, ShardsError>| {
            assert_eq!(text.parse::<ShardCount>(), expected, "{text}");
        };
        check("auto", Ok(ShardCount::Auto));
        check("4", Ok(ShardCount::Count(4)));
        check("0,", Ok(ShardCount::Cores(vec![0])));
        check("3-3", Ok(ShardCount::Cores(vec![3])));
        check("0,2,4-6", Ok(ShardCount::Cores(vec![0, 2, 4, 5, 6])));
        check("0", Err(ShardsError::Zero));
        check("", Err(ShardsError::Form));
        check("4-2", Err(ShardsError::Form));
        check("0-99999999", Err(ShardsError::Form));
        check("1,0-2", Err(ShardsError::Twice(1)));
    }
}
