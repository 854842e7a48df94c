//! What a configuration key is: the columns of the tables in [`crate::keys`].

/// The type of a key's value, as DescribeConfigs names it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// Text.
    String,
    /// A 32-bit integer.
    Int,
    /// A 64-bit integer.
    Long,
    /// A decimal number.
    Double,
    /// Values separated by commas.
    List,
    /// Text that is never shown.
    Password,
}

impl Kind {
    /// Kafka's number of the type in DescribeConfigs responses (`DescribeConfigsResponse.ConfigType`).
    pub const fn wire_id(self) -> i8 {
        match self {
            Kind::Boolean => 1,
            Kind::String => 2,
            Kind::Int => 3,
            Kind::Long => 5,
            Kind::Double => 6,
            Kind::List => 7,
            Kind::Password => 9,
        }
    }

    /// The name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Boolean => "boolean",
            Kind::String => "string",
            Kind::Int => "int",
            Kind::Long => "long",
            Kind::Double => "double",
            Kind::List => "list",
            Kind::Password => "password",
        }
    }
}

/// What a number counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unit {
    /// Nothing, or things.
    None,
    /// Bytes. A suffix KiB, MiB, GiB or TiB multiplies.
    Bytes,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
}

impl Unit {
    /// The name for people; empty if there is none.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::None => "",
            Unit::Bytes => "bytes",
            Unit::Microseconds => "µs",
            Unit::Milliseconds => "ms",
            Unit::Minutes => "minutes",
            Unit::Hours => "hours",
        }
    }
}

/// The bounds of a value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Valid {
    /// Whatever the kind allows.
    Any,
    /// An integer not below this one.
    AtLeast(i64),
    /// An integer of this range, both ends included.
    Between(i64, i64),
    /// As `Between`, or the third value, which stands for "the default".
    BetweenOr(i64, i64, i64),
    /// A number of 0 to 1, both included.
    Fraction,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of these words, each at most once.
    EachOf(&'static [&'static str]),
    /// Text or a list with something in it.
    NotEmpty,
    /// Exactly one element.
    One,
    /// `*`, `none`, or a list of `partition:broker` (Kafka's `ThrottledReplicaListValidator`).
    ThrottledReplicas,
    /// Listeners: `NAME://host:port`.
    Listeners,
    /// `host:port`.
    HostPort,
    /// `auto`, a count, or a list of cores.
    Shards,
    /// A level, or a list of levels and `target=level`.
    LogLevels,
}

/// Where a key is set, and when a change takes effect.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// On the broker; a change needs a restart.
    BrokerStatic,
    /// On the broker; AlterConfigs changes it at once.
    BrokerDynamic,
    /// On a topic; AlterConfigs changes it at once.
    Topic,
}

impl Scope {
    /// The name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Scope::BrokerStatic => "broker, needs a restart",
            Scope::BrokerDynamic => "broker, changed at once",
            Scope::Topic => "topic",
        }
    }
}

/// A broker key that supplies a topic key's value where the topic sets none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Synonym {
    /// The broker key.
    pub name: &'static str,
    /// How many of the topic key's units one of the synonym's is: 3,600,000 for hours against milliseconds.
    pub factor: i64,
}

impl Synonym {
    /// A synonym in the same unit.
    pub const fn same(name: &'static str) -> Synonym {
        Synonym { name, factor: 1 }
    }

    /// A synonym in minutes of a key in milliseconds.
    pub const fn minutes(name: &'static str) -> Synonym {
        Synonym { name, factor: 60_000 }
    }

    /// A synonym in hours of a key in milliseconds.
    pub const fn hours(name: &'static str) -> Synonym {
        Synonym {
            name,
            factor: 3_600_000,
        }
    }
}

/// One row of a table.
#[derive(Clone, Copy, Debug)]
pub struct ConfigKey {
    /// Kafka's name where Kafka has one.
    pub name: &'static str,
    /// The type.
    pub kind: Kind,
    /// What a number counts.
    pub unit: Unit,
    /// The default as it would be written; `None` if there is none.
    pub default: Option<&'static str>,
    /// The bounds.
    pub valid: Valid,
    /// Where it is set.
    pub scope: Scope,
    /// What it does, in sentences.
    pub doc: &'static str,
    /// For a topic key: the broker keys behind it, the strongest first.
    pub synonyms: &'static [Synonym],
    /// Why it changes nothing, if so: it is accepted because tools and existing configurations set it.
    pub inert: Option<&'static str>,
}

impl ConfigKey {
    const fn new(scope: Scope, name: &'static str, kind: Kind, doc: &'static str) -> ConfigKey {
        ConfigKey {
            name,
            kind,
            unit: Unit::None,
            default: None,
            valid: Valid::Any,
            scope,
            doc,
            synonyms: &[],
            inert: None,
        }
    }

    /// A topic key.
    pub(crate) const fn topic(name: &'static str, kind: Kind, doc: &'static str) -> ConfigKey {
        ConfigKey::new(Scope::Topic, name, kind, doc)
    }

    /// A broker key that needs a restart.
    pub(crate) const fn fixed(name: &'static str, kind: Kind, doc: &'static str) -> ConfigKey {
        ConfigKey::new(Scope::BrokerStatic, name, kind, doc)
    }

    /// A broker key that AlterConfigs changes.
    pub(crate) const fn dynamic(name: &'static str, kind: Kind, doc: &'static str) -> ConfigKey {
        ConfigKey::new(Scope::BrokerDynamic, name, kind, doc)
    }

    pub(crate) const fn default(mut self, value: &'static str) -> ConfigKey {
        self.default = Some(value);
        self
    }

    pub(crate) const fn unit(mut self, unit: Unit) -> ConfigKey {
        self.unit = unit;
        self
    }

    pub(crate) const fn valid(mut self, valid: Valid) -> ConfigKey {
        self.valid = valid;
        self
    }

    pub(crate) const fn synonyms(mut self, synonyms: &'static [Synonym]) -> ConfigKey {
        self.synonyms = synonyms;
        self
    }

    pub(crate) const fn inert(mut self, reason: &'static str) -> ConfigKey {
        self.inert = Some(reason);
        self
    }

    /// Whether its value is never shown.
    pub const fn is_sensitive(&self) -> bool {
        matches!(self.kind, Kind::Password)
    }

    /// Whether AlterConfigs refuses it.
    pub const fn is_read_only(&self) -> bool {
        matches!(self.scope, Scope::BrokerStatic)
    }
}
