//! A second factor: codes of an authenticator (RFC 6238), each taken once, and ten codes on paper that stand in for it.
//! It counts from the moment that a first code has shown that the authenticator has the secret.

use crate::audit::{Kind, event};
use crate::authenticate::Authenticated;
use crate::client::Client;
use crate::error::Error;
use crate::seal::{Keys, Seal, SealFault};
use crate::sign_in::SignInFault;
use crate::{Identity, SECOND, error, secret};
use lignaflow_core::clock::Micros;
use lignaflow_core::{ErrorCode, Fault, PersonId};
use lignaflow_store::Tx;
use lignaflow_store::identity::{audit, second_factors};
use serde_json::json;
use std::fmt;
use totp_rs::{Algorithm, Builder, Secret as Shared, Totp};

const PURPOSE: &[u8] = b"lignaflow second factors 1";
/// Codes on paper.
const CODES: usize = 10;
/// Bytes of a secret (RFC 4226, section 4: at least 16, 20 recommended).
const BYTES: usize = 20;

/// No letter of it is taken for another.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// What seals the secrets of second factors, each at the bytes of its person's id.
pub fn second_factor_seal(keys: &Keys) -> Result<Seal, SealFault> {
    Seal::new(keys, PURPOSE)
}

/// What an authenticator is told, shown until it is confirmed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactorSetup {
    /// The secret in base 32, to be typed.
    pub secret: String,
    /// The address that a QR code holds.
    pub url: String,
}

/// Nothing of the secret.
impl fmt::Debug for SecondFactorSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecondFactorSetup(…)")
    }
}

fn sealed(fault: SealFault) -> Fault {
    tracing::error!(%fault, "the secret of a second factor");
    Fault::internal()
}

fn taken(message: &str) -> Fault {
    Fault::new(ErrorCode::Conflict, message)
}

/// What is said of a code that does not serve.
pub(crate) fn wrong_code() -> Fault {
    Fault::at("/code", "wrong", "That code is not the one of now, or was used. Wait for the next one.")
}

fn random(bytes: &mut [u8]) -> Result<(), Fault> {
    getrandom::fill(bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no random bytes");
        Fault::internal()
    })
}

fn totp(secret: &[u8], issuer: &str, account: &str) -> Result<Totp, Fault> {
    // A colon parts the two in the address.
    let clean = |text: &str| text.replace(':', " ");
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(Shared::new(secret.to_vec().into_boxed_slice()))
        .with_issuer(Some(clean(issuer)))
        .with_account_name(clean(account))
        .build()
        .map_err(|error| {
            tracing::error!(%error, "no codes can be made of the secret of a second factor");
            Fault::internal()
        })
}

/// A code on paper: 80 random bits in groups of four.
fn paper() -> Result<String, Fault> {
    let mut bytes = [0; 16];
    random(&mut bytes)?;
    let letters: Vec<u8> = bytes.iter().map(|byte| ALPHABET[usize::from(byte % 32)]).collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    Ok(groups.join("-"))
}

/// However it was typed.
fn paper_hash(person: PersonId, code: &str) -> [u8; 32] {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    secret::hash(&format!("{person} {}", plain.to_lowercase()))
}

impl Identity {
    fn seal(&self) -> Result<Seal, Fault> {
        second_factor_seal(&self.options().keys).map_err(sealed)
    }

    /// A new secret for an authenticator. It is asked for once it is confirmed.
    pub async fn begin_second_factor(&self, actor: &Authenticated) -> Result<SecondFactorSetup, Fault> {
        actor.session()?;
        actor.proved()?;
        if actor.person.second_factor {
            return Err(taken("A second factor is on already. Turn it off first."));
        }
        let (person, now) = (actor.person.id, self.now());
        let mut bytes = [0; BYTES];
        random(&mut bytes)?;
        let totp = totp(&bytes, "LignaFlow", &actor.person.email)?;
        let url = totp.to_url().map_err(|error| {
            tracing::error!(%error, "no address can be made of the secret of a second factor");
            Fault::internal()
        })?;
        let kept = self.seal()?.close(person.0.bytes(), &bytes).map_err(sealed)?;
        let begun = self
            .write(move |tx| Box::pin(async move { Ok(second_factors::begin(tx, person, &kept, now).await?) }))
            .await?;
        if !begun {
            return Err(taken("A second factor is on already. Turn it off first."));
        }
        Ok(SecondFactorSetup { secret: Shared::new(bytes.to_vec().into_boxed_slice()).to_base32(), url })
    }

    /// The step that a code is of, where it is one of now.
    async fn step_of(&self, person: PersonId, code: &str, confirmed: bool) -> Result<Option<i64>, Fault> {
        let factor = second_factors::of(self.database(), person).await.map_err(error::told)?;
        let Some(factor) = factor.filter(|factor| factor.confirmed_at.is_some() == confirmed) else { return Ok(None) };
        let secret = self.seal()?.open(person.0.bytes(), &factor.secret).map_err(sealed)?;
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let seconds = u64::try_from(self.now() / SECOND).unwrap_or(0);
        let step = totp(&secret, "LignaFlow", "")?.check(&digits, seconds);
        Ok(step.and_then(|step| i64::try_from(step).ok()))
    }

    /// Turns the second factor on, where the code shows that the authenticator has the secret. Answers the codes on paper,
    /// which are shown this once. All other sessions end.
    pub async fn confirm_second_factor(
        &self,
        actor: &Authenticated,
        client: Client,
        code: &str,
    ) -> Result<Vec<String>, SignInFault> {
        let session = actor.session()?;
        actor.proved()?;
        let (person, organization, now) = (actor.person.id, actor.caller.organization, self.now());
        let attempt = self.code_attempt(&client, person).await?;
        let step = self.step_of(person, code, false).await?.ok_or_else(wrong_code)?;
        self.succeeded(attempt).await?;
        let (codes, hashes) = codes(person)?;
        self.write(move |tx| {
            Box::pin(async move {
                if !second_factors::take_step(tx, person, step).await?
                    || !second_factors::confirm(tx, person, now).await?
                {
                    return Err(wrong_code().into());
                }
                second_factors::set_recovery(tx, person, &hashes).await?;
                lignaflow_store::identity::sessions::end_others(tx, person, session).await?;
                let on = event(Kind::SecondFactorOn, now, &client, Some(organization), Some(person), json!({}));
                Ok(audit::append(tx, &on).await?)
            })
        })
        .await?;
        Ok(codes)
    }

    /// New codes on paper; those before serve no more.
    pub async fn new_recovery_codes(&self, actor: &Authenticated, client: Client) -> Result<Vec<String>, Fault> {
        actor.session()?;
        actor.proved()?;
        if !actor.person.second_factor {
            return Err(taken("There is no second factor that they would stand in for."));
        }
        let (person, organization, now) = (actor.person.id, actor.caller.organization, self.now());
        let (codes, hashes) = codes(person)?;
        self.write(move |tx| {
            Box::pin(async move {
                second_factors::set_recovery(tx, person, &hashes).await?;
                let made = event(Kind::RecoveryCodesMade, now, &client, Some(organization), Some(person), json!({}));
                Ok(audit::append(tx, &made).await?)
            })
        })
        .await?;
        Ok(codes)
    }

    /// How many codes on paper are left.
    pub async fn recovery_codes_left(&self, actor: &Authenticated) -> Result<i64, Fault> {
        second_factors::recovery_left(self.database(), actor.person.id).await.map_err(error::told)
    }

    /// Turns the second factor off, unless the organization asks for one.
    pub async fn remove_second_factor(&self, actor: &Authenticated, client: Client) -> Result<(), Fault> {
        actor.session()?;
        actor.proved()?;
        if actor.second_factor_demanded {
            return Err(Fault::denied("Your organization asks for a second factor. It stays on."));
        }
        let (person, organization, now) = (actor.person.id, actor.caller.organization, self.now());
        self.write(move |tx| {
            Box::pin(async move {
                if !second_factors::remove(tx, person).await? {
                    return Err(Fault::not_found("second factor").into());
                }
                let off = event(Kind::SecondFactorOff, now, &client, Some(organization), Some(person), json!({}));
                Ok(audit::append(tx, &off).await?)
            })
        })
        .await
    }

    /// Takes somebody's second factor away on an operator's word, for who has lost it.
    pub async fn reset_second_factor(&self, email: &str) -> Result<(), Fault> {
        let mut reader = crate::form::Reader::default();
        let email = reader.email(email, "/email");
        reader.finish()?;
        let (person, now) = (self.person_with(email).await?.id, self.now());
        self.write(move |tx| {
            Box::pin(async move {
                second_factors::remove(tx, person).await?;
                let detail = json!({ "person": person.to_string() });
                let off = event(Kind::SecondFactorOff, now, &Client::command_line(), None, None, detail);
                Ok(audit::append(tx, &off).await?)
            })
        })
        .await
    }

    /// Counts a try at the codes of a person.
    pub(crate) async fn code_attempt(
        &self,
        client: &Client,
        person: PersonId,
    ) -> Result<crate::throttle::Attempt, SignInFault> {
        self.attempt(&format!("codes of {person}"), client, false).await
    }

    /// What a code would be taken for: found before the transaction, used up within it.
    pub(crate) async fn second_proof(&self, person: PersonId, code: &str) -> Result<SecondProof, Fault> {
        let step = self.step_of(person, code, true).await?;
        Ok(SecondProof { person, step, paper: paper_hash(person, code) })
    }
}

fn codes(person: PersonId) -> Result<(Vec<String>, Vec<[u8; 32]>), Fault> {
    let codes: Vec<String> = (0..CODES).map(|_| paper()).collect::<Result<_, _>>()?;
    let hashes = codes.iter().map(|code| paper_hash(person, code)).collect();
    Ok((codes, hashes))
}

/// A code that may serve.
#[derive(Debug, Clone)]
pub(crate) struct SecondProof {
    person: PersonId,
    step: Option<i64>,
    paper: [u8; 32],
}

impl SecondProof {
    /// Uses it up. Whether it served.
    pub(crate) async fn take(&self, tx: &mut Tx, now: Micros) -> Result<bool, Error> {
        if let Some(step) = self.step {
            return Ok(second_factors::take_step(tx, self.person, step).await?);
        }
        Ok(second_factors::take_recovery(tx, self.person, &self.paper, now).await?)
    }
}
