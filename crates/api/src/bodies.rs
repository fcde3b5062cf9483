//! What the description says of bodies that may be left out.

use utoipa::openapi::content::Content;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{Object, OneOf, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

/// A body that may be left out is described as an object or null, but null is refused as anything else that is no
/// object: what is left is the object.
pub(crate) fn without_null_bodies(path: &mut PathItem) {
    let operations = [&mut path.get, &mut path.put, &mut path.post, &mut path.delete, &mut path.patch];
    for operation in operations.into_iter().flatten() {
        without_null_body(operation);
    }
}

fn without_null_body(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for content in body.content.values_mut() {
        let RefOr::T(Content { schema: Some(schema), .. }) = content else { continue };
        let RefOr::T(Schema::OneOf(OneOf { items, .. })) = schema else { continue };
        items.retain(|item| !is_null(item));
        if let [only] = items.as_slice() {
            *schema = only.clone();
        }
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(Object { schema_type: SchemaType::Type(Type::Null), .. })))
}
