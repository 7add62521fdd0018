use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::*;

fn run<H: Hash>(nonce: &str, server_first: &str) -> (String, Proof) {
    let first = ClientFirst::new("user", nonce.into());
    let message = first.message();
    let proof = first.prove::<H>(&Secret::new("pencil"), server_first.as_bytes());
    (message, proof.unwrap())
}

#[test]
fn rfc_5802_section_5() {
    let (first, proof) = run::<Sha1>(
        "fyko+d2lbbFgONRv9qkxdawL",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    );
    assert_eq!(first, "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    assert_eq!(
        proof.message,
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
    );
    assert_eq!(proof.verify(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), Ok(()));
}

#[test]
fn rfc_7677_section_3() {
    let (first, proof) = run::<Sha256>(
        "rOprNGfwEbeRWgbNEkqO",
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    );
    assert_eq!(first, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    assert_eq!(
        proof.message,
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
         p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    );
    let right = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
    assert_eq!(proof.verify(right), Ok(()));
    let wrong = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=";
    assert_ne!(proof.verify(wrong), Ok(()));
    assert_eq!(proof.verify(b"v=AAAA"), Err(ScramError::WrongSignature));
    assert_eq!(proof.verify(b"e=unknown-user"), Err(ScramError::Rejected));
    assert_eq!(proof.verify(b"hello"), Err(ScramError::Malformed));
}

#[test]
fn servers_that_cannot_be_trusted() {
    let ask = |server_first: &str| {
        let first = ClientFirst::new("user", "abc".into());
        first
            .prove::<Sha512>(&Secret::new("p"), server_first.as_bytes())
            .err()
    };
    assert_eq!(
        ask("r=xyz,s=QSXCR+Q6sek8bf92,i=4096"),
        Some(ScramError::WrongNonce)
    );
    assert_eq!(
        ask("r=abc,s=QSXCR+Q6sek8bf92,i=4096"),
        Some(ScramError::WrongNonce)
    );
    assert_eq!(ask("r=abcd,s=QSXC,i=1"), Some(ScramError::Iterations(1)));
    assert_eq!(
        ask("r=abcd,s=QSXC,i=4000000000"),
        Some(ScramError::Iterations(4_000_000_000))
    );
    for malformed in [
        "",
        "r=abcd",
        "r=abcd,s=*,i=4096",
        "r=abcd,s=QSXC,i=many",
        "m=1,r=abcd",
    ] {
        assert_eq!(ask(malformed), Some(ScramError::Malformed), "{malformed}");
    }
    assert_eq!(ask("r=abcd,s=QSXC,i=4096"), None);
}

#[test]
fn names_are_escaped() {
    let first = ClientFirst::new("a=b,c", "n".into());
    assert_eq!(first.message(), "n,,n=a=3Db=2Cc,r=n");
}
