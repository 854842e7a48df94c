//! Lists as settings have them: elements separated by commas.

/// The elements of a list's canonical form.
pub(crate) fn elements(text: &str) -> Vec<&str> {
    if text.trim().is_empty() {
        Vec::new()
    } else {
        text.split(',').map(str::trim).collect()
    }
}
