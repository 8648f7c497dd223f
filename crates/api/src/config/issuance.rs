//! Who makes access tokens, by the settings.

use std::net::IpAddr;

use jsonwebtoken::Algorithm;
use secrecy::SecretString;

use super::{Issuance, SECRET_BYTES, faults::Faults, words::Word};

/// Who makes tokens, and whether local accounts are therefore closed.
pub(super) fn issuance(
    faults: &mut Faults,
    jwks_url: Option<Word>,
    algorithm: Option<Word>,
    secret: Option<Word>,
    production: bool,
) -> (Issuance, bool) {
    let algorithm = faults.read("JWT_ALGORITHM", algorithm, None, |name| match name {
        "HS256" => Ok(Some(Algorithm::HS256)),
        "RS256" => Ok(Some(Algorithm::RS256)),
        "ES256" => Ok(Some(Algorithm::ES256)),
        "EdDSA" => Ok(Some(Algorithm::EdDSA)),
        _ => Err("give `HS256`, `RS256`, `ES256` or `EdDSA`".to_owned()),
    });
    let Some(Word(jwks_url)) = jwks_url else {
        if algorithm.is_some_and(|algorithm| algorithm != Algorithm::HS256) {
            faults.add("JWT_ALGORITHM", "give MESSAGING_JWKS_URL too: other algorithms than HS256 need an issuer's public keys");
        }
        let secret = faults.read("JWT_SECRET", secret, None, |secret| {
            long_enough(secret, if production { SECRET_BYTES } else { 1 }).map(Some)
        });
        if secret.is_none()
            && production
            && !faults
                .0
                .iter()
                .any(|fault| fault.starts_with("MESSAGING_JWT_SECRET"))
        {
            faults.add(
                "JWT_SECRET",
                "production needs one of its own, of 32 bytes or more (`openssl rand -base64 48`), or MESSAGING_JWKS_URL",
            );
        }
        return (secret.map_or(Issuance::KeptSecret, Issuance::Secret), false);
    };
    if let Err(remedy) = safe_url(&jwks_url) {
        faults.add("JWKS_URL", remedy);
    }
    if secret.is_some() {
        faults.add(
            "JWT_SECRET",
            "leave it unset: with MESSAGING_JWKS_URL tokens are the issuer's",
        );
    }
    let algorithm = match algorithm {
        Some(Algorithm::HS256) | None => {
            faults.add(
                "JWT_ALGORITHM",
                "say which the issuer's keys are for: `RS256`, `ES256` or `EdDSA`",
            );
            Algorithm::RS256
        }
        Some(algorithm) => algorithm,
    };
    (
        Issuance::Outside {
            jwks_url,
            algorithm,
        },
        true,
    )
}

fn safe_url(url: &str) -> Result<(), String> {
    let url: reqwest::Url = url
        .parse()
        .map_err(|error| format!("this is no URL ({error})"))?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if url.scheme() == "https" || (url.scheme() == "http" && loopback) {
        Ok(())
    } else {
        Err(
            "give an `https://` URL: over plain HTTP anybody in between could put in a key"
                .to_owned(),
        )
    }
}

/// A secret of so many bytes.
pub(super) fn long_enough(secret: &str, least: usize) -> Result<SecretString, String> {
    if secret.len() < least {
        return Err(format!(
            "give {least} bytes or more (`openssl rand -base64 48`)"
        ));
    }
    Ok(SecretString::from(secret))
}
