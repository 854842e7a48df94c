//! Reads a schema file.

use crate::Versions;
use crate::schema::{Field, Message, Module, ModuleKind, Scalar, Struct, Type};

/// Why a schema file was not understood.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

struct Line<'a> {
    number: usize,
    depth: usize,
    words: Vec<&'a str>,
    /// What follows a `#`.
    remark: Option<&'a str>,
}

impl Line<'_> {
    fn error(&self, reason: impl Into<String>) -> ParseError {
        ParseError {
            line: self.number,
            reason: reason.into(),
        }
    }

    fn word(&self, index: usize) -> Result<&str, ParseError> {
        self.words
            .get(index)
            .copied()
            .ok_or_else(|| self.error("a word is missing"))
    }

    fn versions(&self, index: usize) -> Result<Versions, ParseError> {
        self.word(index)?
            .parse()
            .map_err(|reason: String| self.error(reason))
    }
}

/// Reads one schema file.
///
/// # Errors
/// The first line that does not follow the form.
pub(crate) fn parse(text: &str) -> Result<Module, ParseError> {
    let lines: Vec<Line<'_>> = text
        .lines()
        .enumerate()
        .map(|(index, line)| Line {
            number: index + 1,
            depth: (line.len() - line.trim_start().len()) / 4,
            words: line.split('#').next().unwrap_or("").split_whitespace().collect(),
            remark: line.split_once('#').map(|(_, remark)| remark.trim()),
        })
        .filter(|line| !line.words.is_empty())
        .collect();
    let Some((head, rest)) = lines.split_first() else {
        return Err(ParseError {
            line: 1,
            reason: "the file is empty".into(),
        });
    };
    let name = head.word(1)?.to_owned();
    let kind = module_kind(head)?;
    let mut messages = Vec::new();
    let mut at = 0;
    while at < rest.len() {
        messages.push(message(&name, rest, &mut at)?);
    }
    Ok(Module { name, kind, messages })
}

fn module_kind(head: &Line<'_>) -> Result<ModuleKind, ParseError> {
    match head.word(0)? {
        "data" => Ok(ModuleKind::Data),
        "record" => Ok(ModuleKind::Record { key: key(head)? }),
        "api" => {
            let key = key(head)?;
            let advertised = match head.words.iter().position(|word| *word == "advertise") {
                Some(index) => Some(head.versions(index + 1)?),
                None => None,
            };
            Ok(ModuleKind::Api {
                key,
                unserved: head.words.contains(&"unserved"),
                advertised,
            })
        }
        other => Err(head.error(format!("{other:?} opens no file"))),
    }
}

fn key(head: &Line<'_>) -> Result<i16, ParseError> {
    let key = head.word(2)?.parse();
    key.map_err(|_| head.error("the key is not a number"))
}

fn message(module: &str, lines: &[Line<'_>], at: &mut usize) -> Result<Message, ParseError> {
    let head = &lines[*at];
    let (name, next) = match head.word(0)? {
        "request" => (format!("{module}Request"), 1),
        "response" => (format!("{module}Response"), 1),
        "message" => (head.word(1)?.to_owned(), 2),
        other => return Err(head.error(format!("{other:?} opens no message"))),
    };
    let versions = head.versions(next)?;
    let flexible = match head.words.get(next + 1) {
        Some(&"flexible") => head.versions(next + 2)?.intersect(versions),
        Some(other) => return Err(head.error(format!("{other:?} is not expected here"))),
        None => None,
    };
    *at += 1;
    let mut structs = Vec::new();
    let fields = fields(lines, at, 1, versions, &mut structs)?;
    Ok(Message {
        name,
        versions,
        flexible,
        fields,
        structs,
    })
}

fn fields(
    lines: &[Line<'_>],
    at: &mut usize,
    depth: usize,
    scope: Versions,
    structs: &mut Vec<Struct>,
) -> Result<Vec<Field>, ParseError> {
    let mut found = Vec::new();
    while let Some(line) = lines.get(*at) {
        if line.depth < depth {
            break;
        }
        if line.depth > depth {
            return Err(line.error("the indentation is too deep"));
        }
        *at += 1;
        let (name, versions) = if line.word(0)? == "struct" {
            (Some(line.word(1)?.to_owned()), line.versions(2)?)
        } else {
            let field = field(line)?;
            let versions = field.versions;
            let name = struct_name(&field.kind).map(str::to_owned);
            found.push(field);
            (name, versions)
        };
        let has_body = lines.get(*at).is_some_and(|next| next.depth > depth);
        if has_body {
            let name = name.ok_or_else(|| line.error("only a struct has fields"))?;
            let versions = scope
                .intersect(versions)
                .ok_or_else(|| line.error("the versions are none of the message's"))?;
            let index = structs.len();
            structs.push(Struct {
                name,
                versions,
                fields: Vec::new(),
            });
            structs[index].fields = fields(lines, at, depth + 1, versions, structs)?;
        }
    }
    Ok(found)
}

fn struct_name(kind: &Type) -> Option<&str> {
    match kind {
        Type::Struct(name) => Some(name),
        Type::Array(element) => struct_name(element),
        Type::Scalar(_) => None,
    }
}

fn field(line: &Line<'_>) -> Result<Field, ParseError> {
    let name = line
        .word(0)?
        .strip_suffix(':')
        .ok_or_else(|| line.error("a field's name ends in a colon"))?;
    let is_keyword = ["match", "type", "ref", "use", "where"].contains(&name);
    let mut field = Field {
        name: if is_keyword {
            format!("r#{name}")
        } else {
            name.to_owned()
        },
        kafka_name: name.to_owned(),
        remark: line.remark.map(str::to_owned),
        kind: kind(line.word(1)?),
        versions: line.versions(2)?,
        nullable: None,
        tag: None,
        ignorable: false,
        default: None,
    };
    let mut index = 3;
    while let Some(word) = line.words.get(index) {
        index += 2;
        match *word {
            "null" => field.nullable = line.versions(index - 1)?.intersect(field.versions),
            "tag" => {
                let tag = line.word(index - 1)?.parse();
                field.tag = Some(tag.map_err(|_| line.error("the tag is not a number"))?);
            }
            "named" => field.name = line.word(index - 1)?.to_owned(),
            "=" => field.default = Some(line.word(index - 1)?.to_owned()),
            "ignorable" => {
                field.ignorable = true;
                index -= 1;
            }
            other => return Err(line.error(format!("{other:?} is not expected here"))),
        }
    }
    Ok(field)
}

fn kind(word: &str) -> Type {
    if let Some(element) = word.strip_prefix("[]") {
        return Type::Array(Box::new(kind(element)));
    }
    Type::Scalar(match word {
        "bool" => Scalar::Bool,
        "i8" => Scalar::I8,
        "i16" => Scalar::I16,
        "u16" => Scalar::U16,
        "i32" => Scalar::I32,
        "i64" => Scalar::I64,
        "f64" => Scalar::F64,
        "uuid" => Scalar::Uuid,
        "string" => Scalar::String,
        "text" => Scalar::Text,
        "bytes" => Scalar::Bytes,
        "records" => Scalar::Records,
        "pieces" => Scalar::Pieces,
        name => return Type::Struct(name.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_read() {
        let module = parse(
            "api Thing 7 unserved advertise 0-3\n\nrequest 1-3 flexible 2+ # a remark\n    items: []Item 0+ null 2+\n        \
             name: string 0+ ignorable = null\n    match: i8 3+ tag 1\n\nresponse 1-3\n",
        )
        .unwrap();
        assert_eq!(
            module.kind,
            ModuleKind::Api {
                key: 7,
                unserved: true,
                advertised: Some(Versions { first: 0, last: 3 })
            }
        );
        let request = &module.messages[0];
        assert_eq!(request.name, "ThingRequest");
        assert!(request.is_flexible(2) && !request.is_flexible(1));
        let names: Vec<&str> = request.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["items", "r#match"]);
        assert_eq!(request.fields[1].tag, Some(1));
        // Below version 2 a string is two bytes; from 2 on it is one, and the tags one more.
        let item = Type::Struct("Item".into());
        assert_eq!(request.size_min(&item, request.versions), 2);
        assert_eq!(request.structs[0].fields[0].default.as_deref(), Some("null"));
        assert!(module.messages[1].fields.is_empty());
    }

    #[test]
    fn what_does_not_follow_the_form_is_refused_with_its_line() {
        let check = |text: &str, line: usize, reason: &str| {
            let error = parse(text).unwrap_err();
            assert_eq!((error.line, error.reason.as_str()), (line, reason), "{text:?}");
        };
        check("", 1, "the file is empty");
        check("thing X 1", 1, "\"thing\" opens no file");
        check("api X one", 1, "the key is not a number");
        check("record X", 1, "a word is missing");
        check("api X 1\nrequest 1-x", 2, "\"1-x\" is not a range of versions");
        check(
            "api X 1\nrequest 0\n    a i8 0+",
            3,
            "a field's name ends in a colon",
        );
        check("api X 1\nrequest 0\n    a: i8", 3, "a word is missing");
        check(
            "api X 1\nrequest 0\n    a: i8 0+ tagged",
            3,
            "\"tagged\" is not expected here",
        );
        check(
            "api X 1\nrequest 0\n    a: i8 0+\n        b: i8 0+",
            3,
            "only a struct has fields",
        );
        check(
            "api X 1\nrequest 0\n        a: i8 0+",
            3,
            "the indentation is too deep",
        );
    }
}
