//! How a run goes, for the person at the terminal: a view that is redrawn in place, or a plain line a second where
//! there is no terminal.

mod frame;
mod screen;
mod sparkline;

pub use frame::{Frame, Percentiles, Phase};
pub use screen::{Screen, announce};
