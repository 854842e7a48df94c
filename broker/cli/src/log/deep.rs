//! `log inspect --deep`: whether the records of whole batches can be unpacked.

use super::failure::InspectFailure;
use super::report::FileReport;
use super::show::each_record;
use crate::error::CliError;

/// Unpacks all records of the segments that were looked at; what cannot be unpacked is a fault of its segment.
pub(super) fn look(reports: &mut [FileReport]) -> Result<(), CliError> {
    for report in reports {
        match each_record(report, |_, _, _| Ok(())) {
            Ok(()) => {}
            Err(CliError::Inspect(InspectFailure::Records { source, .. })) => {
                report
                    .faults
                    .push(format!("records cannot be unpacked: {source}"));
            }
            // A running broker removes what has expired.
            Err(CliError::Inspect(InspectFailure::Io { source, .. }))
                if source.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
