//! The classic consumer group protocol as a state machine, and the records of __consumer_offsets.
