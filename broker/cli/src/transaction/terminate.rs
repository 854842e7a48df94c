//! `corelog transaction force-terminate`.

use corelog_client::Client;
use serde_json::json;

use super::coordinated::find;
use crate::error::CliError;
use crate::output::Output;

pub(super) fn run(client: &mut Client, id: &str, output: &mut Output<'_>) -> Result<(), CliError> {
    // An id that is not there would be made.
    let before = find(client, id)?.ok_or_else(|| CliError::NoTransactionalId(id.to_owned()))?;
    let (producer_id, producer_epoch) = client.fence_producer(id)?;
    if output.is_json() {
        return output.json(&json!({
            "transactional_id": id, "state_before": before.state, "producer_id": producer_id,
            "producer_epoch": producer_epoch, "result": "terminated",
        }));
    }
    output.line(&format!(
        "{id}  was {}, terminated  producer {} epoch {} is fenced",
        before.state, before.producer_id, before.producer_epoch
    ))
}
