//! The configuration keys, each declared once.
