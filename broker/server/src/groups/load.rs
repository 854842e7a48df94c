//! What a coordinator does once it is loaded.

use std::collections::BTreeSet;
use std::rc::Rc;

use corelog_groups::Event;
use corelog_metadata::MetadataImage;
use corelog_model::TopicName;

use super::shell::GroupShell;

/// Offsets of topics that went away while this partition did not serve.
pub(super) fn forget_deleted_topics(shell: &Rc<GroupShell>, image: &MetadataImage) {
    let gone: BTreeSet<TopicName> = shell.with_machine(|machine| {
        let topics = machine.topics();
        topics
            .filter(|topic| image.topic(topic.as_str()).is_none())
            .cloned()
            .collect()
    });
    for topic in gone {
        shell.handle(Event::TopicDeleted { topic });
    }
}
