use utoipa::PartialSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::*;

fn described<Body: PartialSchema>() -> Vec<String> {
    let RefOr::T(Schema::Object(body)) = Body::schema() else { panic!("a body is an object") };
    body.properties.into_keys().collect()
}

#[test]
fn the_description_names_exactly_the_fields_that_are_read() {
    for (described, read) in [
        (described::<orgs::NewOrgBody>(), orgs::NEW_ORG),
        (described::<api_keys::NewApiKeyBody>(), api_keys::NEW_API_KEY),
        (described::<secrets::NewSecretBody>(), secrets::NEW_SECRET),
        (described::<secrets::SecretPatchBody>(), secrets::SECRET_PATCH),
        (described::<import::ImportBody>(), import::IMPORT),
        (described::<import::ImportedSecretBody>(), import::IMPORTED_SECRET),
    ] {
        let (mut described, mut read) = (described, read.to_vec());
        described.sort_unstable();
        read.sort_unstable();
        assert_eq!(described, read);
    }
}
