//! The cluster's metadata: image, commands and the controller's decisions, as a state machine.
