//! Signs requests, as `AclClientRPCHook` does; the rule is the same for ACL 1.0 and 2.0.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;

use crate::secret::Secret;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rocketmq) struct Account {
    pub(in crate::rocketmq) access_key: String,
    pub(in crate::rocketmq) secret_key: Secret,
}

const ACCESS_KEY: &str = "AccessKey";
const SIGNATURE: &str = "Signature";

impl Account {
    /// Adds who asks and the signature over everything else: Base64 of HMAC-SHA1 over the values of
    /// all fields in the order of their names, then the body.
    pub(super) fn sign<'a>(&'a self, fields: &mut BTreeMap<&'a str, String>, body: &[u8]) {
        fields.remove(SIGNATURE);
        fields.insert(ACCESS_KEY, self.access_key.clone());
        let signature = signature(&self.secret_key, fields.values(), body);
        fields.insert(SIGNATURE, signature);
    }
}

fn signature<'a>(secret: &Secret, values: impl Iterator<Item = &'a String>, body: &[u8]) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.reveal().as_bytes())
        .expect("HMAC takes keys of every length");
    for value in values {
        mac.update(value.as_bytes());
    }
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::recorded;
    use super::*;

    /// What a broker with ACL 2.0 accepted, and the one that it refused for its signature.
    #[test]
    fn recorded_signatures_are_ours() {
        let secrets = BTreeMap::from([("admin", "waybill-12345"), ("waybill", "reader-123")]);
        let mut verified = 0;
        for name in recorded::names("acl", ".req.bin") {
            let asked = recorded::header(&format!("acl/{name}"));
            let body = recorded::body(&format!("acl/{name}"));
            let Some(secret) = asked
                .fields
                .get(ACCESS_KEY)
                .and_then(|user| secrets.get(user.as_str()))
            else {
                continue;
            };
            let account = Account {
                access_key: asked.fields[ACCESS_KEY].clone(),
                secret_key: Secret::new(*secret),
            };
            let told = asked.fields[SIGNATURE].clone();
            let mut fields: BTreeMap<&str, String> = asked
                .fields
                .iter()
                .filter(|(name, _)| ![ACCESS_KEY, SIGNATURE].contains(&name.as_str()))
                .map(|(name, value)| (name.as_str(), value.clone()))
                .collect();
            account.sign(&mut fields, &body);
            assert_eq!(
                fields[SIGNATURE] == told,
                !name.contains("wrong-secret"),
                "{name}"
            );
            verified += 1;
        }
        assert!(
            verified > 15,
            "{verified} of the recorded frames are signed"
        );
    }
}
