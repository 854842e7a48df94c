//! A change of the metadata: decided by the controller on the first shard, durable in its log, then in force on every
//! shard. One change at a time.

use std::rc::Rc;
use std::sync::Arc;

use corelog_metadata::controller::RequestSize;
use corelog_metadata::{Command, ControllerRequest, MetadataImage};
use corelog_runtime::LocalFuture;

use super::publish::publish;
use super::uncompacted;
use crate::controller::{ChangeError, ControllerShell};
use crate::shard::{FIRST, Shard};

/// From any shard: has the controller decide about each of `requests` on the image that those before it led to, and puts
/// what was decided in force on every shard before it returns. More than one request may ask for is refused as a whole.
pub fn change(
    shard: &Rc<Shard>,
    requests: Vec<ControllerRequest>,
    validate_only: bool,
) -> LocalFuture<Vec<Result<Vec<Command>, ChangeError>>> {
    shard.submit_to(FIRST, move |shard| async move {
        match shard.controller() {
            Some(shell) => decide(&shell, &shard, requests, validate_only).await,
            None => requests.iter().map(|_| Err(ChangeError::NotLoaded)).collect(),
        }
    })
}

async fn decide(
    shell: &ControllerShell,
    shard: &Rc<Shard>,
    requests: Vec<ControllerRequest>,
    validate_only: bool,
) -> Vec<Result<Vec<Command>, ChangeError>> {
    let _turn = shell.turn.acquire(1).await;
    let mut image = (*shard.image()).clone();
    let mut decisions = Vec::with_capacity(requests.len());
    let mut commands = Vec::new();
    let mut size = RequestSize::default();
    for request in &requests {
        let mut random = || shard.handle.rng.next_u64();
        let decided = shell.controller.handle(request, &image, &mut random);
        for command in decided.iter().flatten() {
            if let Err(error) = size.add(command) {
                return requests.iter().map(|_| Err(error.clone().into())).collect();
            }
            image
                .apply_in_place(command)
                .expect("the controller decides what fits its image");
            commands.push(command.clone());
        }
        decisions.push(decided.map_err(ChangeError::from));
    }
    if validate_only || commands.is_empty() {
        return decisions;
    }
    if let Err(error) = put_in_force(shell, shard, &commands, image).await {
        for decision in decisions
            .iter_mut()
            .filter(|decision| decision.as_ref().is_ok_and(|c| !c.is_empty()))
        {
            *decision = Err(error.clone());
        }
    } else {
        uncompacted::warn(&shard.config(), &shard.image(), &commands);
    }
    shell.log.shorten_if_due(&shard.image()).await;
    decisions
}

async fn put_in_force(
    shell: &ControllerShell,
    shard: &Rc<Shard>,
    commands: &[Command],
    image: MetadataImage,
) -> Result<(), ChangeError> {
    shell.log.append(commands).await?;
    // The change is durable: it is in force, and that is the answer. What a shard could not do of it is said in the
    // log and mended; until then whoever uses the partition hears of its disk (as of a log directory of Kafka's
    // that fails).
    let _ = publish(shard, Arc::new(image)).await;
    Ok(())
}
