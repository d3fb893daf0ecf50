//! How times, ids and words are described to other people's programs (OpenAPI 3.1).

use utoipa::openapi::schema::{KnownFormat, Object, Schema, SchemaFormat, Type};
use utoipa::openapi::{ObjectBuilder, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::{
    BootId, CameraId, CentreId, CommandId, Epoch, EventId, FileId, IncidentId, Kind, Severity, StreamKind,
    Wall,
};

/// What an id in a path or topic is made of.
const NAME_PATTERN: &str = "^[a-z0-9][a-z0-9-]{0,47}$";

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    text().enum_values(Some(words)).build()
}

macro_rules! described {
    ($($name:ty => $schema:expr;)*) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                RefOr::T(Schema::Object($schema))
            }
        }
        impl ToSchema for $name {}
    )*};
}

fn uuid() -> Object {
    text().format(Some(SchemaFormat::Custom("uuid".to_owned()))).build()
}

fn name() -> Object {
    text().pattern(Some(NAME_PATTERN)).build()
}

described! {
    Wall => text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).build();
    CameraId => name();
    CentreId => name();
    IncidentId => uuid();
    EventId => uuid();
    FileId => uuid();
    Epoch => uuid();
    CommandId => uuid();
    BootId => uuid();
    StreamKind => one_of(["main", "sub"]);
    Severity => one_of([Severity::Notice, Severity::Warning, Severity::Urgent].map(Severity::as_str));
    Kind => one_of(Kind::ALL.map(Kind::as_str));
}
