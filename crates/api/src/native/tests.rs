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
        (described::<orgs::OrgPatchBody>(), orgs::ORG_PATCH),
        (described::<projects::NewProjectBody>(), projects::NEW_PROJECT),
        (described::<projects::ProjectPatchBody>(), projects::PROJECT_PATCH),
        (described::<principal_body::NewPrincipalBody>(), principal_body::NEW_PRINCIPAL),
        (described::<principal_body::PrincipalPatchBody>(), principal_body::PRINCIPAL_PATCH),
        (described::<api_key_body::NewApiKeyBody>(), api_key_body::NEW_API_KEY),
        (described::<secrets::NewSecretBody>(), secrets::NEW_SECRET),
        (described::<secrets::SecretPatchBody>(), secrets::SECRET_PATCH),
        (described::<reveal::RevelationBody>(), reveal::REVELATION),
        (described::<import::ImportBody>(), import::IMPORT),
        (described::<import::ImportedSecretBody>(), import::IMPORTED_SECRET),
    ] {
        let (mut described, mut read) = (described, read.to_vec());
        described.sort_unstable();
        read.sort_unstable();
        assert_eq!(described, read);
    }
}
