//! The committed message modules are what the generator makes of the schema.

use std::path::Path;

use corelog_protocol_gen::{generate, read_schema};

#[test]
fn committed_code_is_what_the_schema_gives() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let modules = read_schema(&root.join("schema")).unwrap();
    for file in generate(&modules).unwrap() {
        let path = root.join("src").join(&file.path);
        let committed = std::fs::read_to_string(&path).unwrap();
        assert!(
            committed == file.text,
            "{} differs from the schema: run `cargo run -p corelog-protocol-gen`",
            file.path.display()
        );
    }
}
